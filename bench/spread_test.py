import itertools
import math
import unittest

import numpy

from spread import geometric_mean, median, median_interval, relative_error


class SpreadTest(unittest.TestCase):
    def test_median_of_even_and_odd_counts(self):
        self.assertEqual(median([3, 1, 2]), 2)
        self.assertEqual(median([4, 1, 2, 3]), 2.5)

    def test_geometric_mean_treats_a_ratio_and_its_inverse_alike(self):
        self.assertAlmostEqual(geometric_mean([2, 0.5]), 1)
        self.assertAlmostEqual(geometric_mean([1, 10, 100]), 10)

    def test_few_values_give_their_range(self):
        for count, coverage in [(1, 0), (2, 0.5), (3, 0.75), (5, 0.9375)]:
            values = list(range(count, 0, -1))
            self.assertEqual(median_interval(values), (1, count, coverage))

    def test_more_values_leave_out_the_outermost(self):
        low, high, coverage = median_interval(range(1, 21))
        self.assertEqual((low, high), (6, 15))  # as tables of the sign test have it
        self.assertGreaterEqual(coverage, 0.95)
        self.assertEqual(median_interval([1, 1, 1, 1, 1, 1, 1, 1, 50])[:2], (1, 1))

    def test_the_coverage_is_that_of_a_coin(self):
        # Of all ways in which six values lie about the median, count those that the interval holds.
        _, _, coverage = median_interval(range(6))
        held = sum(0 < sum(signs) < 6 for signs in itertools.product((0, 1), repeat=6))
        self.assertEqual(coverage, held / 64)

    def test_relative_error_is_to_the_largest(self):
        self.assertAlmostEqual(
            relative_error(numpy.array([1.0, 4.5]), numpy.array([1.0, -5.0])), 1.9)
        self.assertEqual(relative_error(numpy.zeros(2), numpy.zeros(2)), 0)
        self.assertEqual(relative_error(numpy.zeros(0), numpy.zeros(0)), 0)
        self.assertEqual(relative_error(numpy.zeros(2), numpy.zeros(3)), math.inf)

    def test_a_result_that_is_no_number_is_an_error(self):
        bad = numpy.array([1, math.nan])
        self.assertEqual(relative_error(bad, numpy.array([1.0, 2.0])), math.inf)


if __name__ == "__main__":
    unittest.main()
