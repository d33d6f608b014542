# bench/: what we measure, against whom.
