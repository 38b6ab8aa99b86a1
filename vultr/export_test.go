package vultr

import "encoding/json"

// The tolerant decoders, for the fuzz tests.
func ObjectOf(data []byte, keys ...string) ([]byte, error) { return object(data, keys...) }

func ListOf(data []byte, keys ...string) (n int, next string, err error) {
	items, next, err := objects(data, "id", keys...)
	return len(items), next, err
}

func ReadAny(raw []byte) (b Block, o ObjectStorage, f FileSystem, g Gateway, a Attachment, t Tier, errs []error) {
	note := func(err error) {
		if err != nil {
			errs = append(errs, err)
		}
	}
	var err error
	b, err = readBlock(raw)
	note(err)
	o, err = readObject(raw)
	note(err)
	f, err = readFileSystem(raw)
	note(err)
	g, err = readGateway(raw)
	note(err)
	a, err = readAttachment(raw)
	note(err)
	var w tierWire
	note(tolerant(raw, &w))
	return b, o, f, g, a, w.tier(), errs
}

// Scalar is one JSON value in each of the tolerant types.
type Scalar struct {
	Text   string
	Whole  int64
	Amount float64
	Flag   bool
	Year   int
	Few    []string
}

func ScalarOf(data []byte) (Scalar, error) {
	var t text
	var w whole
	var a amount
	var f flag
	var m moment
	var l few[text]
	for _, v := range []any{&t, &w, &a, &f, &m, &l} {
		if err := json.Unmarshal(data, v); err != nil {
			return Scalar{}, err
		}
	}
	return Scalar{plain(t), int64(w), float64(a), bool(f), m.Year(), l.strings(plain)}, nil
}
