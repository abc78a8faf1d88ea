"""The policy book: a static site of every region's documents, in Chinese and English.

Enters: loaded regions, their worked cases, an inventory of clauses. Leaves: a folder of pages that
works from a disk without a network. It may import what lies below; only the edges import it.
"""

from yibao.policy_book.book import Sources as Sources
from yibao.policy_book.book import make_book as make_book
from yibao.policy_book.folder import write_folder as write_folder
from yibao.policy_book.inventory import Clause as Clause
