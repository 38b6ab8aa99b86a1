package schema_test

import (
	"encoding/json"
	"math"
	"math/big"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/jsonschema-go/jsonschema"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/llm/schema"
)

// Whatever a model writes is either a value that is the same when it is written and read again, or an error without a value;
// and the library, asked in one go, is of the same mind.
func FuzzDecode(f *testing.F) {
	f.Add(full)
	for _, old := range []string{`7`, `null`, `true`, `"3/4"`, `[1,-2]`, `{"a/b":1}`, `"X":1,`, `"AQI="`, `,"NoTag":18446744073709551615`} {
		for _, piece := range []string{``, `null`, `1.0`, `-1e3`, `1e999`, `[]`, `{"a":1,"a":2}`, `"\ud800"`, "\"\xff\""} {
			f.Add(strings.Replace(full, old, piece, 1))
		}
	}
	wire, err := schema.For[everything]()
	require.NoError(f, err)
	var parsed jsonschema.Schema
	require.NoError(f, json.Unmarshal(wire, &parsed))
	whole, err := parsed.Resolve(nil)
	require.NoError(f, err)

	f.Fuzz(func(t *testing.T, text string) {
		got, err := schema.Decode[everything](said(text))
		var value any
		parseErr := json.Unmarshal([]byte(text), &value)
		if err != nil {
			require.Zero(t, got)
			e := asError(t, err)
			require.NotEmpty(t, e.Problems)
			if parseErr == nil && whole.Validate(value) == nil {
				for _, p := range e.Problems {
					require.True(t, beyondSchema(p), "the library finds nothing wrong: %v", p)
				}
			}
			return
		}
		require.NoError(t, parseErr)
		if err := whole.Validate(value); err != nil { // the one thing that is let pass
			require.ErrorContains(t, err, "required: missing properties")
		}
		first, err := json.Marshal(&got) // a big.Int that cannot be addressed is written as a struct
		require.NoError(t, err)
		again, err := schema.Decode[everything](said(string(first)))
		require.NoError(t, err)
		second, err := json.Marshal(&again)
		require.NoError(t, err)
		require.Equal(t, string(first), string(second))
	})
}

// beyondSchema tells the problems that a JSON Schema cannot name.
func beyondSchema(p schema.Problem) bool {
	for _, words := range []string{"comes twice", "want a date", "want base64", "does not fit into", "is too large"} {
		if strings.Contains(p.Message, words) {
			return true
		}
	}
	return p.Path == "" && !strings.HasPrefix(p.Message, "want ") // of a type's own UnmarshalText
}

// What Go writes of a value satisfies the schema of its type, and is the value again.
func FuzzDecode_values(f *testing.F) {
	f.Add("x", int64(1), 2.5, true, uint64(3), []byte{4})
	f.Add("", int64(math.MinInt64), math.Copysign(0, -1), false, uint64(math.MaxUint64), []byte(nil))
	f.Add("\x00<&>\u2028", int64(math.MaxInt64), 1e300, true, uint64(1<<53+1), []byte{255})
	f.Fuzz(func(t *testing.T, s string, n64 int64, x float64, ok bool, u uint64, data []byte) {
		s, n := strings.ToValidUTF8(s, "?"), int(n64)
		if math.IsNaN(x) || math.IsInf(x, 0) {
			x = 0
		}
		want := everything{
			base: base{uint8(n)}, Name: s, N: n, Ratio: x, OK: ok, Unit: "kelvin", Pair: pair{n & 0xFFFF, int(u & 0xFFFF)},
			Tuple: tuple{s, float64(n >> 12)}, List: []string{s, ""}, Matrix: [][2]int8{{int8(n), int8(u)}}, Counts: map[string]int{s: n},
			Any: map[string]any{s: x}, Raw: json.RawMessage(`null`), When: time.Unix(within(n64), int64(u%1e9)).UTC(),
			Data: append([]byte{}, data...), Address: netip.AddrFrom4([4]byte{1, 2, 3, byte(n)}), Big: *new(big.Int).SetUint64(u),
			Number: "-12.50", Inner: struct{ X, Y int }{n, -1}, Dash: s, NoTag: u,
		}
		want.Big.Mul(&want.Big, new(big.Int).SetUint64(u))
		if ok {
			want.Maybe, want.Later, want.Level, want.Since = new(unit("celsius")), "kelvin", new(level(1)), &want.When
			want.Either, want.Inners = &either{s}, []*struct{ Z bool }{{ok}, nil}
		}
		text, err := json.Marshal(&want)
		require.NoError(t, err)
		got, err := schema.Decode[everything](said(string(text)))
		require.NoError(t, err)
		require.Equal(t, want, got)
	})
}

// within keeps a time to the years that RFC 3339 can write.
func within(n int64) int64 { return n % (200 * 365 * 24 * 3600) }
