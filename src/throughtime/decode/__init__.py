"""From a network's probabilities to symbols: drawn one by one, or the likeliest sequence found by a beam.

sampling    temperature, top-k, nucleus, repetition penalty, and a draw that a seed repeats
beam        several beginnings side by side, of which the likeliest go on
"""

from throughtime.decode.beam import Found, allowed, beam_search, beam_searches
from throughtime.decode.sampling import Sampling

__all__ = ["Found", "Sampling", "allowed", "beam_search", "beam_searches"]
