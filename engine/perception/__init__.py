"""Learned and classical recognisers behind Protocols over arrays; each library has one module here and loads when first used."""
