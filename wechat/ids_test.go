package wechat_test

import (
	"encoding/json"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/wechat"
)

// Trap 7: ids come as strings and as numbers, and no digit gets lost. Trap 8: with line breaks inside.
func TestIDs(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		in, want string
		bad      bool
	}{
		"string":           {in: `"100000001"`, want: "100000001"},
		"number":           {in: `100000001`, want: "100000001"},
		"beyond float64":   {in: `9007199254740993`, want: "9007199254740993"},
		"beyond int64":     {in: `92233720368547758079`, want: "92233720368547758079"},
		"null":             {in: `null`},
		"newline inside":   {in: `"b5O2OUs25HBxRceL7hfReg\n-U9QGeq9zQjiDvyWP4Hq4 "`, want: "b5O2OUs25HBxRceL7hfReg-U9QGeq9zQjiDvyWP4Hq4"},
		"a fraction":       {in: `1.5`, bad: true},
		"with an exponent": {in: `1e9`, bad: true},
		"a boolean":        {in: `true`, bad: true},
		"an object":        {in: `{"id":1}`, bad: true},
		"escaped":          {in: `"a\u4e2d"`, want: "a中"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got struct {
				D wechat.DraftID   `json:"d"`
				P wechat.PublishID `json:"p"`
				A wechat.ArticleID `json:"a"`
				M wechat.MediaID   `json:"m"`
				G wechat.MsgID     `json:"g"`
				O wechat.OpenID    `json:"o"`
			}
			data := `{"d":` + tt.in + `,"p":` + tt.in + `,"a":` + tt.in + `,"m":` + tt.in + `,"g":` + tt.in + `,"o":` + tt.in + `}`
			err := json.Unmarshal([]byte(data), &got)
			if tt.bad {
				require.Error(t, err)
				return
			}
			require.NoError(t, err)
			for _, id := range []string{string(got.D), string(got.P), string(got.A), string(got.M), string(got.G), string(got.O)} {
				assert.Equal(t, tt.want, id)
			}
		})
	}
}

func FuzzID(f *testing.F) {
	for _, seed := range []string{`"1"`, `1`, `-0`, `null`, `"\n"`, `1e400`, `{}`, `"\ud800"`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, data string) {
		var id wechat.MsgID
		if json.Unmarshal([]byte(data), &id) != nil {
			return
		}
		out, err := json.Marshal(id)
		require.NoError(t, err)
		var again wechat.MsgID
		require.NoError(t, json.Unmarshal(out, &again))
		require.Equal(t, id, again)
	})
}

func TestPublishIDInBothForms(t *testing.T) {
	t.Parallel()
	for _, answer := range []string{
		`{"errcode":0,"errmsg":"ok","publish_id":"100000001","msg_data_id":"2247503051"}`,
		`{"errcode":0,"errmsg":"ok","publish_id":100000001,"msg_data_id":2247503051}`,
	} {
		c, _ := onTheWire(t, http.StatusOK, answer)
		p, err := c.Publish(t.Context(), "D")
		require.NoError(t, err)
		assert.Equal(t, wechat.PublishID("100000001"), p.ID())
		assert.Equal(t, wechat.MsgID("2247503051"), p.DataID())
	}
}
