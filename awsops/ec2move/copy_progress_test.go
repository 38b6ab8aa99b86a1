package ec2move_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/kitroll/kitroll/awsops/ec2move"
)

func TestPercentage(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]float64{
		"": 0, "0%": 0, "45%": 45, "99.5%": 99.5, "100%": 100, " 7% ": 7, "45": 45, "120%": 100, "-3%": 0, "NaN%": 0, "Inf%": 100, "half": 0, "%": 0,
	} {
		assert.InDelta(t, want, ec2move.Percentage(text), 0, text)
	}
}

func FuzzPercentage(f *testing.F) {
	for _, text := range []string{"", "45%", "NaN", "1e400%", "-0%", "0x1p4%"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if n := ec2move.Percentage(text); !(n >= 0 && n <= 100) {
			t.Errorf("%q is %v", text, n)
		}
	})
}

func TestExpected(t *testing.T) {
	t.Parallel()
	began := time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC)
	now := began.Add(10 * time.Minute)
	left := ec2move.Expected(began, now, 25, 100).Sub(now)
	assert.Equal(t, 30*time.Minute, left)
	for name, got := range map[string]time.Time{
		"nothing done": ec2move.Expected(began, now, 0, 100),
		"all done":     ec2move.Expected(began, now, 100, 100),
		"no time":      ec2move.Expected(now, now, 5, 100),
	} {
		assert.Zero(t, got, name)
	}
}
