"""How the weights of our own beat network are made: music from a seed, features of it, training. Never imported by the product."""
