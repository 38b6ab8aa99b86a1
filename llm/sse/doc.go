// Package sse reads server-sent events (text/event-stream) to the letter of the WHATWG standard, one event at a time.
//
// A stream is lines that end in LF, CRLF or a lone CR; a blank line ends an event. [Reader] yields an event the moment
// its blank line is there, even when the bytes after it are still on their way, and the result does not depend on how
// the bytes were cut into reads: inside a rune, or between CR and LF.
//
//	r := sse.NewReader(resp.Body, nil)
//	for ev, err := range r.Events() {
//		if err != nil {
//			return err
//		}
//		fmt.Printf("%s: %s\n", ev.Type, ev.Data)
//	}
//
// What the standard says and parsers often miss, and this one does: one byte order mark at the start is dropped and a
// second is not; "data" without a colon is a data field; an event without data is not delivered but resets the type; an
// id outlives its event, and an empty one takes it back; an id with NUL is ignored; bytes that are not UTF-8 become
// U+FFFD; an event that the stream ends in the middle of is discarded.
//
// The last of these loses the end of an answer when a server forgets the last blank line. [Reader.Pending] hands that
// event out to callers who know better, as package llm does. Reconnecting is left to the caller, who has
// [Reader.LastEventID] and [Reader.Retry] for it.
//
// A line, or the data of one event, longer than [Config.MaxLine] is a [*LimitError].
//
// A Reader starts no goroutine, never closes what it reads from, and is for one goroutine at a time.
//
// Source: HTML Living Standard, section "Server-sent events" (read 2026-11).
package sse
