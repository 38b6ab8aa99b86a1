package secret_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/internal/secret"
)

func TestMask(t *testing.T) {
	t.Parallel()
	assert.Equal(t, "[redacted]", secret.Mask("s3cr3t"))
	assert.Empty(t, secret.Mask(""))
}

func TestTail(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		in   string
		n    int
		want string
	}{
		"a quarter":        {"0123456789abcdef", 4, "…cdef"},
		"more than that":   {"0123456789abcde", 4, "[redacted]"},
		"of characters":    {"一二三四五六七八", 2, "…七八"},
		"none":             {"0123456789abcdef", 0, "[redacted]"},
		"below none":       {"0123456789abcdef", -1, "[redacted]"},
		"not set":          {"", 3, ""},
		"not set and none": {"", 0, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			assert.Equal(t, tt.want, secret.Tail(tt.in, tt.n))
		})
	}
}

func TestScrub(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		text    string
		secrets []string
		want    string
	}{
		"none":              {text: "all well", want: "all well"},
		"every one":         {text: "key s3cr3t, again s3cr3t", secrets: []string{"s3cr3t"}, want: "key [redacted], again [redacted]"},
		"several":           {text: "id AKID12 key s3cr3t", secrets: []string{"AKID12", "s3cr3t"}, want: "id [redacted] key [redacted]"},
		"empty":             {text: "all well", secrets: []string{""}, want: "all well"},
		"too short to cut":  {text: "abcabc", secrets: []string{"abc"}, want: "abcabc"},
		"four bytes":        {text: "abcd", secrets: []string{"abcd"}, want: "[redacted]"},
		"one begins others": {text: "abcd abcdefgh", secrets: []string{"abcd", "abcdefgh"}, want: "[redacted] [redacted]"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			given := append([]string(nil), tt.secrets...)
			assert.Equal(t, tt.want, secret.Scrub(tt.text, tt.secrets...))
			assert.Equal(t, given, tt.secrets, "the caller's slice is not sorted")
		})
	}
}

// config is a Config as the packages write it.
type config struct {
	AppID, Secret string
	Retries       *int
}

func (c config) safe() secret.Fields {
	return secret.Fields{"kit.Config", "AppID", c.AppID, "Secret", secret.Mask(c.Secret)}
}
func (c config) String() string                { return c.safe().String() }
func (c config) GoString() string              { return c.safe().String() }
func (c config) Format(s fmt.State, verb rune) { c.safe().Format(s, verb) }
func (c config) LogValue() slog.Value          { return c.safe().LogValue() }
func (c config) MarshalJSON() ([]byte, error)  { return json.Marshal(c.String()) }

func TestFieldsHideInEveryWayToPrint(t *testing.T) {
	t.Parallel()
	c := config{AppID: "wx1", Secret: "s3cr3t"}
	const want = "kit.Config{AppID:wx1 Secret:[redacted]}"

	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d", "%T%v"} {
		assert.NotContains(t, fmt.Sprintf(verb, c, c), "s3cr3t", verb)
		assert.NotContains(t, fmt.Sprintf(verb, &c, &c), "s3cr3t", verb)
		assert.NotContains(t, fmt.Sprintf(verb, struct{ C config }{c}, c), "s3cr3t", verb)
	}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
		assert.Equal(t, want, fmt.Sprintf(verb, c), verb)
	}

	data, err := json.Marshal(c)
	require.NoError(t, err)
	assert.JSONEq(t, `"`+want+`"`, string(data))

	var text, object bytes.Buffer
	slog.New(slog.NewTextHandler(&text, nil)).Info("made", "config", c)
	slog.New(slog.NewJSONHandler(&object, nil)).Info("made", "config", c)
	assert.Contains(t, text.String(), "config.AppID=wx1 config.Secret=[redacted]")
	assert.Contains(t, object.String(), `"config":{"AppID":"wx1","Secret":"[redacted]"}`)
}

func TestFields(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		fields secret.Fields
		want   string
	}{
		"name only":      {secret.Fields{"kit.Client"}, "kit.Client{}"},
		"a pair":         {secret.Fields{"kit.Client", "N", 3}, "kit.Client{N:3}"},
		"unset, visible": {secret.Fields{"kit.Client", "Secret", secret.Mask("")}, "kit.Client{Secret:}"},
		"half a pair":    {secret.Fields{"kit.Client", "N", 3, "M"}, "kit.Client{N:3}"},
		"nil":            {nil, "{}"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			assert.Equal(t, tt.want, tt.fields.String())
			assert.Equal(t, tt.want, fmt.Sprintf("%#v", tt.fields))
			assert.Len(t, tt.fields.LogValue().Group(), max(0, (len(tt.fields)-1)/2))
		})
	}
}
