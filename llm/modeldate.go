package llm

// Dates in model names. A number that is no day and no month is no date: the 1776 of "r1-1776" is left to the other rules.

// cutDate takes a date such as 2024-07-18 out of a part of a name.
func cutDate(part string) (rest, date string) {
	const n = len("2024-07-18")
	for i := 0; i+n <= len(part); i++ {
		d := part[i : i+n]
		if d[4] != '-' || d[7] != '-' || i > 0 && part[i-1] != '-' || i+n < len(part) && part[i+n] != '-' {
			continue
		}
		if isYear(d[:4]) && isMonth(d[5:7]) && isDay(d[8:]) {
			return part[:i] + part[i+n:], d
		}
	}
	return part, ""
}

// dateOf reads a date from the beginning of words, and says how many it took.
func dateOf(words []string) (date string, n int) {
	w := words[0]
	if len(words) > 1 {
		switch next := words[1]; {
		case isMonth(w) && isYear(next): // command-r-08-2024
			return next + "-" + w, 2
		case isYear(w) && isMonth(next): // jamba-large-1.7-2025-07
			return w + "-" + next, 2
		case isMonth(w) && isDay(next): // gemini-2.5-flash-preview-05-20
			return w + "-" + next, 2
		}
	}
	if !isDigits(w) {
		return "", 0
	}
	switch len(w) {
	case 4:
		if isMonth(w[:2]) && isDay(w[2:]) || isShortYear(w[:2]) && isMonth(w[2:]) || isYear(w) {
			return w, 1
		}
	case 6:
		if isShortYear(w[:2]) && isMonth(w[2:4]) && isDay(w[4:]) {
			return w, 1
		}
	case 8, 14: // the longer with a time of the day, as in Ark's endpoints ep-20250115123456-…
		if isYear(w[:4]) && isMonth(w[4:6]) && isDay(w[6:8]) {
			return w[:4] + "-" + w[4:6] + "-" + w[6:8], 1
		}
	}
	return "", 0
}

// Models have names with dates since 2018 or so; a wider range would take more numbers for years.

func isYear(s string) bool      { return within(s, 4, 2015, 2049) }
func isShortYear(s string) bool { return within(s, 2, 15, 49) }
func isMonth(s string) bool     { return within(s, 2, 1, 12) }
func isDay(s string) bool       { return within(s, 2, 1, 31) }

// within reports whether s is a number of so many digits from low to high.
func within(s string, digits, low, high int) bool {
	if len(s) != digits || !isDigits(s) {
		return false
	}
	n := 0
	for i := range len(s) {
		n = n*10 + int(s[i]-'0')
	}
	return low <= n && n <= high
}
