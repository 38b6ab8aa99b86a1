package cwlogs

// Seal makes the text of a cursor of its inside.
func Seal(raw []byte) string { return string(seal(raw)) }
