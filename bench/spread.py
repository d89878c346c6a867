"""Statistics of a comparison: ratios of interleaved pairs, with an interval that supposes nothing of
their distribution."""

import math


def median(values):
    ordered = sorted(values)
    middle = len(ordered) // 2
    return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2


def geometric_mean(values):
    return math.exp(math.fsum(math.log(v) for v in values) / len(values))


def median_interval(values, confidence=0.95):
    """(low, high, coverage): the values between which the true median lies with that probability.

    Each independent value lies above the median with probability 1/2, so fewer than k of n do with
    the probability of a binomial tail (the sign test). The narrowest pair of order statistics that
    reaches `confidence` is taken; with fewer than six values that is none, and the smallest and the
    largest are given with the coverage that they have, 1 - 2^(1 - n).
    """
    ordered = sorted(values)
    count = len(ordered)

    def coverage(k):  # of the k-th smallest to the k-th largest, k from 0
        return 1 - 2 * sum(math.comb(count, i) for i in range(k + 1)) / 2 ** count

    k = 0
    while k + 1 < count - 1 - k and coverage(k + 1) >= confidence:
        k += 1
    return ordered[k], ordered[count - 1 - k], max(0.0, coverage(k))


def relative_error(ours, reference):
    """max |ours - reference| / max |reference|; infinite where shapes differ or numbers are none."""
    if ours.shape != reference.shape:
        return math.inf
    largest = float(abs(reference).max(initial=0))
    difference = float(abs(ours.astype("float64") - reference.astype("float64")).max(initial=0))
    error = difference / largest if largest > 0 else difference
    return math.inf if math.isnan(error) else error
