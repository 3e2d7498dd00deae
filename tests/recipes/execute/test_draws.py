from collections import Counter

from throughtime.recipes.execute.draws import Draws, share_of


def test_equal_keys_have_equal_draws_and_others_have_not():
    first, again, other = (Draws("a", number) for number in (1, 1, 2))
    drawn = [first.below(10**9) for _ in range(20)]
    assert drawn == [again.below(10**9) for _ in range(20)]
    assert drawn != [other.below(10**9) for _ in range(20)]


def test_draws_do_not_change_with_the_version():
    draws = Draws(0, "train", 5)
    assert [draws.below(1000) for _ in range(6)] == [573, 460, 346, 458, 673, 749]


def test_every_number_is_as_likely():
    draws = Draws("likely")
    counts = Counter(draws.between(3, 7) for _ in range(5000))
    assert set(counts) == {3, 4, 5, 6, 7}
    # Five standard deviations of a binomial count of 1000.
    assert all(abs(count - 1000) < 5 * 28.3 for count in counts.values())


def test_a_share_belongs_to_the_text():
    shares = [share_of(f"print({number})") for number in range(2000)]
    assert shares == [share_of(f"print({number})") for number in range(2000)]
    assert min(shares) >= 0
    assert max(shares) < 1024
    assert abs(sum(shares) / 2000 - 511.5) < 5 * 296 / 2000**0.5
