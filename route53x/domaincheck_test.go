package route53x_test

import (
	"io/fs"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/route53x"
	"github.com/kitroll/kitroll/route53x/route53xtest"
)

// Trap 33: DONT_KNOW is asked again, not taken as "no".
func TestDontKnowIsNotNo(t *testing.T) {
	t.Parallel()
	reg, d := newRegistrar(t, route53xtest.RegistrarOptions{})
	movable(reg)
	reg.Unsure("example.com", 2)
	for range 2 {
		got, err := d.Transferability(t.Context(), "example.com", testCode)
		require.NoError(t, err)
		assert.Equal(t, route53x.DontKnow, got.Verdict)
		require.ErrorIs(t, got.Err(), route53x.ErrAskAgain)
		assert.NotErrorIs(t, got.Err(), route53x.ErrNotTransferable)
	}
	got, err := d.Transferability(t.Context(), "example.com", testCode)
	require.NoError(t, err)
	require.NoError(t, got.Err())
}

func TestTransferability(t *testing.T) {
	t.Parallel()
	reg, d := newRegistrar(t, route53xtest.RegistrarOptions{})
	young := time.Now().Add(-59 * 24 * time.Hour)
	for _, e := range []route53xtest.Elsewhere{
		{Domain: "fine.com", AuthCode: testCode},
		{Domain: "locked.com", AuthCode: testCode, Status: []string{"clientTransferProhibited"}},
		{Domain: "young.com", AuthCode: testCode, Registered: young},
		{Domain: "moved.com", AuthCode: testCode, Transferred: young},
		{Domain: "restored.com", AuthCode: testCode, Restored: young},
		{Domain: "gold.com", AuthCode: testCode, Premium: true},
		{Domain: "other.com", AuthCode: testCode, OtherAccount: true},
	} {
		reg.AddElsewhere(e)
	}
	reg.AddDomain(route53x.DomainDetail{Domain: "ours.com"}, "x")
	reg.Maintain("net", true)
	for name, tt := range map[string]struct {
		domain string
		code   route53x.AuthCode
		want   route53x.TransferVerdict
		is     error
		words  string
		call   error // of the call itself
	}{
		"fine":          {domain: "Fine.com.", code: testCode, want: route53x.Transferable},
		"wrong code":    {domain: "fine.com", code: "wrong", want: route53x.Untransferable, is: route53x.ErrNotTransferable, words: "code is not valid"},
		"locked":        {domain: "locked.com", code: testCode, want: route53x.Untransferable, is: route53x.ErrNotTransferable, words: "clientTransferProhibited"},
		"59 days old":   {domain: "young.com", code: testCode, want: route53x.Untransferable, is: route53x.ErrNotTransferable, words: "60 days"},
		"moved":         {domain: "moved.com", code: testCode, want: route53x.Untransferable, is: route53x.ErrNotTransferable, words: "transferred less"},
		"restored":      {domain: "restored.com", code: testCode, want: route53x.Untransferable, is: route53x.ErrNotTransferable, words: "restored less"},
		"premium":       {domain: "gold.com", code: testCode, want: route53x.PremiumDomain, is: route53x.ErrNotTransferable, words: "premium"},
		"other account": {domain: "other.com", code: testCode, want: route53x.InAnotherAccount, is: route53x.ErrNotTransferable, words: "between accounts"},
		"own account":   {domain: "ours.com", code: testCode, want: route53x.InOwnAccount, is: route53x.ErrExists, words: "already"},
		"own, std kind": {domain: "ours.com", code: testCode, want: route53x.InOwnAccount, is: fs.ErrExist},
		"not there":     {domain: "nothing.com", code: testCode, want: route53x.Untransferable, is: route53x.ErrNotTransferable},
		"maintenance":   {domain: "fine.net", code: testCode, call: route53x.ErrAskAgain},
		"TLD":           {domain: "fine.cn", code: testCode, call: route53x.ErrUnsupported},
		"no domain":     {domain: "com", call: route53x.ErrInvalid},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := d.Transferability(t.Context(), tt.domain, tt.code)
			require.ErrorIs(t, err, tt.call)
			if tt.call != nil {
				return
			}
			assert.Equal(t, tt.want, got.Verdict)
			err = got.Err()
			require.ErrorIs(t, err, tt.is)
			if tt.words != "" {
				require.ErrorContains(t, err, tt.words)
			}
		})
	}
	for verdict, is := range map[route53x.TransferVerdict]error{"SOMETHING_NEW": route53x.ErrNotTransferable, "": route53x.ErrNotTransferable} {
		require.ErrorIs(t, route53x.Transferability{Verdict: verdict}.Err(), is, "what is not known is no yes")
	}
}
