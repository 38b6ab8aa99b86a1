package cwlogs

// Seal makes the text of a cursor of its inside.
func Seal(raw []byte) string { return string(seal(raw)) }

// Memory is what a Tail remembers, with so many events by ID in it.
func Memory(events int) func(ms int64, id string) bool {
	p := newPosition(1, false, 0)
	for i := range events {
		p.take(int64(i), uint64(i)*0x9e3779b97f4a7c15, func() uint64 { return 0 })
	}
	return func(ms int64, id string) bool {
		return p.take(ms, hashID(id), func() uint64 { return 0 })
	}
}
