package aliyun_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/aliyun"
)

// Trap 16.
func TestNormalizePhone(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		in, want string // "" = refused
		mainland bool
	}{
		"plain":              {in: "13812345678", want: "+8613812345678", mainland: true},
		"+86":                {in: "+8613812345678", want: "+8613812345678", mainland: true},
		"0086":               {in: "008613812345678", want: "+8613812345678", mainland: true},
		"86":                 {in: "8613812345678", want: "+8613812345678", mainland: true},
		"spaced":             {in: "+86 138-1234 (5678)", want: "+8613812345678", mainland: true},
		"hong kong":          {in: "+85261234567", want: "+85261234567"},
		"hong kong, bare":    {in: "85261234567", want: "+85261234567"},
		"hong kong, 00":      {in: "0085261234567", want: "+85261234567"},
		"los angeles":        {in: "+13105551234", want: "+13105551234"},
		"looks mainland":     {in: "13105551234", want: "+8613105551234", mainland: true},
		"washington":         {in: "12025551234", want: "+12025551234"},
		"empty":              {in: ""},
		"only plus":          {in: "+"},
		"letters":            {in: "138abc45678"},
		"full width":         {in: "１３８１２３４５６７８"},
		"ten digits":         {in: "1381234567"},
		"twelve digits":      {in: "138123456789"},
		"12 prefix, too few": {in: "1201234567"},
		"landline":           {in: "01012345678"},
		"86 landline":        {in: "861012345678"},
		"two plus":           {in: "++8613812345678"},
		"too short":          {in: "+852612"},
		"too long":           {in: "+8526123456789012"},
		"newline":            {in: "13812345678\n"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, err := aliyun.NormalizePhone(tt.in)
			if tt.want == "" {
				require.Error(t, err)
				assert.Zero(t, p)
				if len(tt.in) > 4 {
					assert.NotContains(t, err.Error(), tt.in)
				}
				return
			}
			require.NoError(t, err)
			assert.Equal(t, tt.want, p.E164())
			assert.Equal(t, tt.mainland, p.Mainland())
		})
	}
}

func TestPhoneIsMasked(t *testing.T) {
	t.Parallel()
	p, err := aliyun.NormalizePhone(phone)
	require.NoError(t, err)
	assert.Equal(t, "138******78", p.String())
	out := fmt.Sprintf("%v %+v %#v %s %d %v", p, p, p, p, p, p.LogValue())
	data, err := json.Marshal(map[aliyun.Phone]aliyun.Phone{p: p})
	require.NoError(t, err)
	out += string(data) + fmt.Sprint(aliyun.Phone{})
	assert.NotContains(t, out, "12345")
	assert.Empty(t, aliyun.Phone{}.E164())
	assert.False(t, aliyun.Phone{}.Mainland())
}

func FuzzNormalizePhone(f *testing.F) {
	for _, seed := range []string{phone, "+86 138-1234 5678", "0085261234567", "+13105551234", "86", "+", "００１"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		p, err := aliyun.NormalizePhone(s)
		if err != nil {
			require.Zero(t, p)
			return
		}
		again, err := aliyun.NormalizePhone(p.E164())
		require.NoError(t, err)
		require.True(t, p == again, "%q changes when read again", s) //nolint:testifylint // == is what is promised
		require.NotContains(t, p.String(), strings.TrimPrefix(p.E164(), "+"))
	})
}
