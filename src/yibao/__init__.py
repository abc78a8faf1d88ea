"""Yibao (医保): an open platform for social medical insurance."""
