"""What stands around a bill, over HTTP: diseases, filings, prescriptions, care, products.

A path names a thing by the word that refusals use for it (`application`, `referral` …). So what an
address names and is not there is 404, and what a body names, 422.
"""
