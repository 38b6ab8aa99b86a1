package ec2move_test

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestRun(t *testing.T) {
	t.Parallel()
	cloud := newCloud(t)
	c := newClient(t, cloud)
	events, err := run(t, c.Run(t.Context(), planned(t, c, plainSpec())))
	for _, e := range events {
		t.Log(e)
	}
	require.NoError(t, err)
}
