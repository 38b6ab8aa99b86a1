package ec2move_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/kitroll/kitroll/awsops/ec2move"
)

// CopyImage takes one key for all volumes.
func TestCopyKey(t *testing.T) {
	t.Parallel()
	plain, first, second := ec2move.Device{}, ec2move.Device{Encrypted: true, KMSKey: "arn:a"}, ec2move.Device{Encrypted: true, KMSKey: "arn:b"}
	for name, tt := range map[string]struct {
		keys    map[string]string
		devices []ec2move.Device
		want    string
		several bool
	}{
		"none asked for":                    {devices: []ec2move.Device{plain, first}},
		"no volumes":                        {keys: map[string]string{"": "k"}},
		"one for all":                       {keys: map[string]string{"": "k"}, devices: []ec2move.Device{plain, first, second}, want: "k"},
		"one by its name":                   {keys: map[string]string{"arn:a": "k"}, devices: []ec2move.Device{first, first}, want: "k"},
		"two under one":                     {keys: map[string]string{"arn:a": "k", "arn:b": "k"}, devices: []ec2move.Device{first, second}, want: "k"},
		"one and the default":               {keys: map[string]string{"arn:a": "k"}, devices: []ec2move.Device{first, second}, several: true},
		"one, and one that stays in clear":  {keys: map[string]string{"arn:a": "k"}, devices: []ec2move.Device{first, plain}, several: true},
		"a name for what is not encrypted":  {keys: map[string]string{"": "k", "arn:a": "l"}, devices: []ec2move.Device{plain, first}, several: true},
		"an empty name is the key of plain": {keys: map[string]string{"arn:a": ""}, devices: []ec2move.Device{first}},
	} {
		key, uniform := ec2move.CopyKey(ec2move.Spec{To: ec2move.Target{KMSKey: tt.keys}}, ec2move.Source{Devices: tt.devices})
		assert.Equal(t, tt.want, key, name)
		assert.Equal(t, !tt.several, uniform, name)
	}
}
