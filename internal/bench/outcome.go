package main

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// outcome is all that was seen of one client on one row: what it told its caller, and what it did on the wire.
type outcome struct {
	answer
	row      row
	tries    []time.Time   // when the server saw each request
	took     time.Duration // until the client gave its answer
	stopped  bool          // it gave none until the row's time was over
	routines int           // goroutines it left behind
	conns    int           // connections it left open
	read     int64         // bytes it took from its connections
}

// says tells whether a program can learn these words from the error: from its text or from its fields.
func (o outcome) says(words ...string) bool { return o.err != nil && len(o.missing(words)) == 0 }

// missing are the words that stand nowhere in the error.
func (o outcome) missing(words []string) (missing []string) {
	all := o.printed() + "\n" + strings.Join(o.fields, "\n")
	for _, w := range words {
		if !strings.Contains(all, w) {
			missing = append(missing, w)
		}
	}
	return missing
}

// printed is the error as it gets into logs, one way or another; of one that fills a megabyte, the beginning.
func (o outcome) printed() string {
	if o.err == nil {
		return ""
	}
	text := o.err.Error()
	if len(text) > 1<<20 {
		return text[:1<<20] // %#v of such an error is half a gigabyte
	}
	return text + "\n" + fmt.Sprintf("%+v\n%#v", o.err, o.err)
}

// gap is the wait before the second try.
func (o outcome) gap() time.Duration {
	if len(o.tries) < 2 {
		return 0
	}
	return o.tries[1].Sub(o.tries[0])
}

// String says it in a few words.
func (o outcome) String() string {
	words := []string{o.end()}
	if missing := o.missing(o.row.learn); o.err != nil && len(missing) > 0 {
		words = append(words, "does not say "+strings.Join(missing, ", "))
	}
	if n := len(o.tries); n > 1 {
		words = append(words, fmt.Sprintf("%d tries, %.1f s between the first two", n, o.gap().Seconds()))
	}
	switch {
	case strings.Contains(o.printed(), key):
		words = append(words, "prints the key")
	case o.says(key):
		words = append(words, "the key is in a field")
	}
	if o.err != nil && len(o.err.Error()) > 1_000_000 {
		words = append(words, fmt.Sprintf("prints %d MB", len(o.err.Error())/1_000_000))
	}
	if o.row.alone { // about sizes
		words = append(words, fmt.Sprintf("reads %s kB", amount(int(o.read/1000))))
	}
	if o.routines > 0 || o.conns > 0 {
		words = append(words, "leaves "+plural(o.routines, "goroutine")+" and "+plural(o.conns, "connection"))
	}
	return strings.Join(words, "; ")
}

// end is how the client ended and with what text.
func (o outcome) end() string {
	text := ""
	switch got, all := utf8.RuneCountInString(o.text), utf8.RuneCountInString(o.row.whole); {
	case got == 0 && all > 0:
		text = ", no text"
	case got > 0:
		text = fmt.Sprintf(", %s of %s", amount(got), plural(all, "rune"))
	}
	if len(o.calls) > 0 && !slices.Equal(o.calls, o.row.calls) {
		text += ", calls " + short(strings.Join(o.calls, " and "))
	}
	switch {
	case o.stopped:
		return fmt.Sprintf("hangs (stopped after %v)", o.took.Round(time.Second)) + text
	case o.err != nil:
		return "error: " + short(o.err.Error()) + text
	case o.row.leave:
		return "left after " + plural(utf8.RuneCountInString(o.text), "rune")
	case o.complete():
		return "ok"
	case !utf8.ValidString(o.text):
		return fmt.Sprintf("SILENT: err nil, text %q", o.text)
	case o.finish == "":
		return "SILENT: err nil, no finish" + text
	default:
		return fmt.Sprintf("SILENT: err nil, finish %q", o.finish) + text
	}
}

// loopback is an address of a test server, which differs from run to run.
var loopback = regexp.MustCompile(`127\.0\.0\.1:[0-9]+`)

// short is the beginning of an error text, in one line, without package, key, addresses and what Markdown would take
// for its own.
func short(s string) string {
	const limit = 72
	s = strings.TrimPrefix(s, "llm: chat/completions: ")
	s = strings.ReplaceAll(s[:min(len(s), 4096)], key, "sk-(the whole key)")
	s = loopback.ReplaceAllString(s, "server")
	s = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case r == '|' || !unicode.IsPrint(r):
			return -1
		default:
			return r
		}
	}, s)
	if runes := []rune(s); len(runes) > limit {
		return strings.TrimSpace(string(runes[:limit-1])) + "…"
	}
	return s
}

func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return amount(n) + " " + noun + "s"
}

// amount writes a number with its thousands apart.
func amount(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
