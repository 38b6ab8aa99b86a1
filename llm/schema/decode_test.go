package schema_test

import (
	"encoding/json"
	"math/big"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/llm"
	"github.com/kitroll/kitroll/llm/schema"
)

// said is a whole answer.
func said(text string) *llm.Response {
	return &llm.Response{Choices: []llm.Choice{{Finish: llm.FinishStop, Message: llm.Assistant(text)}}}
}

const full = `{"id":7,"name":"N","n":null,"ratio":1,"ok":true,"unit":"kelvin","maybe":null,"later":null,"level":2,"pair":"3/4","either":5,
	"tuple":["a",1,2],"list":["x"],"matrix":[[1,-2]],"counts":{"a/b":1},"any":{"z":[1.5]},"raw":{"b":1, "a":"x"},"raw_too":null,
	"when":"2026-11-27T08:00:00Z","since":null,"data":"AQI=","address":"192.0.2.1","big":123456789012345678901234567890,"number":1.50,
	"inner":{"X":1,"Y":2.0},"inners":[{"Z":true},null],"-":"d","NoTag":18446744073709551615}`

func TestDecode(t *testing.T) {
	t.Parallel()
	got, err := schema.Decode[everything](said(" \n" + full + "\n"))
	require.NoError(t, err)
	wantBig, _ := new(big.Int).SetString("123456789012345678901234567890", 10)
	require.Equal(t, everything{
		base: base{7}, Name: "N", Ratio: 1, OK: true, Unit: "kelvin", Level: new(level(2)), Pair: pair{3, 4}, Either: &either{5.0},
		Tuple: tuple{"a", 1.0, 2.0}, List: []string{"x"}, Matrix: [][2]int8{{1, -2}}, Counts: map[string]int{"a/b": 1},
		Any: map[string]any{"z": []any{1.5}}, Raw: json.RawMessage(`{"b":1,"a":"x"}`), When: time.Date(2026, 11, 27, 8, 0, 0, 0, time.UTC),
		Data: []byte{1, 2}, Address: netip.MustParseAddr("192.0.2.1"), Big: *wantBig, Number: "1.50", Inner: struct{ X, Y int }{1, 2},
		Inners: []*struct{ Z bool }{{true}, nil}, Dash: "d", NoTag: 1<<64 - 1,
	}, got)
}

// Each row changes one thing of a good answer. The place that is named is the answer's, not the schema's.
func TestDecode_mismatch(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ old, new, path, words string }{
		"type":               {`"ok":true`, `"ok":"yes"`, "/ok", "want boolean, is string"},
		"null":               {`"list":["x"]`, `"list":null`, "/list", "want array, is null"},
		"type in a list":     {`["x"]`, `["x",["y"]]`, "/list/1", "want string, is array"},
		"deep":               {`[[1,-2]]`, `[[1,-2],[3,"4"]]`, "/matrix/1/1", "want integer, is string"},
		"too large":          {`[[1,-2]]`, `[[1,200]]`, "/matrix/0/1", "maximum"},
		"too few":            {`[[1,-2]]`, `[[1]]`, "/matrix/0", "minItems"},
		"fraction":           {`"Y":2.0`, `"Y":2.5`, "/inner/Y", "want integer, is number"},
		"enumeration":        {`"kelvin"`, `"rankine"`, "/unit", `want one of "celsius","kelvin"`},
		"pattern":            {`"3/4"`, `"3-4"`, "/pair", "does not match"},
		"alternatives":       {`"either":5`, `"either":true`, "/either", "anyOf"},
		"of the library":     {`["a",1,2]`, `["a",1,"b"]`, "/tuple", "want"},
		"missing":            {`"X":1,`, ``, "/inner/X", "missing"},
		"unknown":            {`"X":1,`, `"X":1,"W/~":0,`, "/inner/W~1~0", "not a property of the schema"},
		"in a map":           {`"a/b":1`, `"a/b":"1"`, "/counts/a~1b", "want integer, is string"},
		"date":               {`2026-11-27T08:00:00Z`, `tomorrow`, "/when", "want a date such as 2006-01-02T15:04:05Z"},
		"base64":             {`"AQI="`, `"?"`, "/data", "want base64"},
		"twice":              {`"id":7`, `"id":7,"id":7`, "/id", "comes twice"},
		"twice, deep":        {`"a/b":1`, `"c":1,"c":2`, "/counts/c", "comes twice"},
		"twice in any":       {`[1.5]`, `[{"a":1,"a":2}]`, "/any/z/0/a", "comes twice"},
		"address":            {`192.0.2.1`, `nowhere`, "", "nowhere"},
		"larger than int64":  {`"Y":2.0`, `"Y":9223372036854775808`, "/inner/Y", "does not fit into int"},
		"larger than any":    {`1.5`, `1e999`, "/any/z/0", "too large"},
		"in other letters":   {`"id":7`, `"ID":7`, "/ID", "not a property"},
		"not JSON":           {`"ok":true`, `"ok":trux`, "", "not JSON: invalid character 'x' in literal true (expecting 'e') (line 1, column 47)"},
		"a comma too many":   {`18446744073709551615}`, `1,}`, "", "(line 4, column 71)"},
		"words behind":       {`18446744073709551615}`, `1} Done.`, "", "not JSON: invalid character 'D' after top-level value"},
		"two of them":        {`18446744073709551615}`, `1}{}`, "", "after top-level value"},
		"not an object":      {full, `[]`, "", "want object, is array"},
		"nothing":            {full, " \n", "", "there is no text"},
		"fenced":             {full, "```json\n" + full + "\n```", "", "not JSON"},
		"cut without notice": {`18446744073709551615}`, `1`, "", "not JSON: unexpected end of JSON input"},
		"too deep":           {`1.5`, strings.Repeat("[", 20000) + strings.Repeat("]", 20000), "", "depth"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Contains(t, full, tt.old)
			text := strings.Replace(full, tt.old, tt.new, 1)
			got, err := schema.Decode[everything](said(text))
			require.ErrorIs(t, err, schema.ErrMismatch)
			require.Zero(t, got)
			e := asError(t, err)
			require.NotEmpty(t, e.Problems)
			found := false
			for _, p := range e.Problems {
				found = found || p.Path == tt.path && strings.Contains(p.Message, tt.words)
			}
			assert.True(t, found, "%v", e)
			assert.Equal(t, text, e.Text)
			assert.Contains(t, err.Error(), "schema: the answer does not satisfy the schema: ")
			assert.Less(t, len(err.Error()), 1000)
		})
	}
}

func asError(t *testing.T, err error) *schema.Error {
	t.Helper()
	var e *schema.Error
	require.ErrorAs(t, err, &e)
	return e
}

func TestDecode_problems(t *testing.T) {
	t.Parallel()
	type in struct {
		A []int  `json:"a"`
		B string `json:"b"`
		C string `json:"c,omitempty"`
	}
	_, err := schema.Decode[in](said(`{"a":[1,"x",2,null],"d":1}`))
	require.EqualError(t, err, "schema: the answer does not satisfy the schema: /b: missing; /a/1: want integer, is string; "+
		"/a/3: want integer, is null; /d: not a property of the schema")
	_, err = schema.Decode[in](said(`{"b":"","a":[` + strings.Repeat(`"x",`, 100) + `""]}`))
	assert.Len(t, asError(t, err).Problems, 8)
	_, err = schema.Decode[in](said(`{"b":"","a":[],"` + strings.Repeat("k", 5000) + `":1}`))
	assert.Less(t, len(err.Error()), 500)

	got, err := schema.Decode[in](said(`{"a":[1e3,-0],"b":"x"}`))
	require.NoError(t, err, "an optional field may be missing, whatever the schema says")
	assert.Equal(t, in{A: []int{1000, 0}, B: "x"}, got)
}

func TestDecode_ends(t *testing.T) {
	t.Parallel()
	good := `{"A":1}`
	for name, tt := range map[string]struct {
		finish  llm.Finish
		message llm.Message
		is      error
		words   string
	}{
		"length":           {finish: llm.FinishLength, message: llm.Assistant(good), is: llm.ErrTruncated, words: "MaxTokens"},
		"another's word":   {finish: "max_tokens", message: llm.Assistant(`{"A":`), is: llm.ErrTruncated},
		"filter":           {finish: llm.FinishContentFilter, message: llm.Assistant(good), is: llm.ErrContentFilter},
		"refusal":          {finish: llm.FinishStop, message: llm.Message{Role: llm.RoleAssistant, Refusal: "I will not."}, is: schema.ErrRefused},
		"a call":           {finish: llm.FinishToolCalls, message: llm.Message{Role: llm.RoleAssistant, ToolCalls: []llm.ToolCall{{Name: "look"}}}, is: schema.ErrToolCall, words: "look: llm.Run"},
		"no choice":        {is: schema.ErrMismatch, words: "there is no text"},
		"in reasoning":     {finish: llm.FinishStop, message: llm.Message{Role: llm.RoleAssistant, Reasoning: good}, is: schema.ErrMismatch},
		"good":             {finish: llm.FinishStop, message: llm.Assistant(good)},
		"without a reason": {message: llm.Assistant(good)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			resp := &llm.Response{}
			if tt.message.Role != "" {
				resp.Choices = []llm.Choice{{Finish: tt.finish, Message: tt.message}}
			}
			got, err := schema.Decode[struct{ A int }](resp)
			if tt.is == nil {
				require.NoError(t, err)
				require.Equal(t, 1, got.A)
				return
			}
			require.ErrorIs(t, err, tt.is)
			require.ErrorContains(t, err, tt.words)
			require.Zero(t, got)
			if tt.message.Refusal != "" {
				require.Equal(t, tt.message.Refusal, asError(t, err).Text)
			}
		})
	}
	_, err := schema.Decode[chan int](said("1"))
	require.ErrorContains(t, err, "has no form in JSON")
	_, err = schema.Decode[struct{ A int }](nil)
	require.ErrorIs(t, err, schema.ErrMismatch)
}
