-- A receipt is locked by its row while it is taken back, or while money of it is moved, so the two
-- wait for each other. Locking asks for the right to update some column; the trigger that keeps
-- receipts as they are stays.
GRANT UPDATE (receipt_id) ON contributions.receipt TO yibao_app;
