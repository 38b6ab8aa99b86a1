package cwmetrics

// CheckStat holds a statistic against CloudWatch's syntax.
func CheckStat(stat string) error { return checkStat(stat) }
