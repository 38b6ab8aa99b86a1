package cdn_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/awsops"
	"github.com/kitroll/kitroll/awsops/cdn"
	"github.com/kitroll/kitroll/awsops/cdntest"
)

const endpoint = "arn:aws:ec2:eu-central-1:123456789012:instance/i-0123456789abcdef0"

func vpcOrigin() cdn.VPCOrigin {
	return cdn.VPCOrigin{ID: "shop", Endpoint: endpoint, Protocol: cdn.HTTPOnly}
}

func TestEnsureVPCOrigin(t *testing.T) {
	t.Parallel()
	w := newWorld(t, cdntest.Options{ListLag: 2, PageSize: 1})
	v, err := w.c.EnsureVPCOrigin(t.Context(), vpcOrigin())
	require.NoError(t, err)
	assert.Equal(t, "Deploying", v.Status)
	again, err := w.c.EnsureVPCOrigin(t.Context(), vpcOrigin())
	require.NoError(t, err)
	assert.Equal(t, v.ID, again.ID)
	assert.Equal(t, 1, w.VPCCount())

	other := vpcOrigin()
	other.Endpoint += "1"
	_, err = w.c.EnsureVPCOrigin(t.Context(), other)
	require.ErrorIs(t, err, awsops.ErrConflict)
	require.ErrorContains(t, err, endpoint)

	looks := 0
	require.NoError(t, w.c.WaitVPCOrigin(t.Context(), v.ID, &cdn.WaitOptions{Progress: func(awsops.Event) { looks++ }}))
	assert.Greater(t, looks, 5)
	require.ErrorIs(t, w.c.WaitVPCOrigin(t.Context(), "vo_none", nil), awsops.ErrGone)

	_, err = w.c.EnsureVPCOrigin(t.Context(), cdn.VPCOrigin{ID: "X", Endpoint: "i-1", HTTPPort: -1})
	require.ErrorIs(t, err, awsops.ErrInvalid)
	for _, want := range []string{"ID:", "Endpoint:", "Protocol:", "-1 is no port"} {
		assert.ErrorContains(t, err, want)
	}
	china := vpcOrigin()
	china.Endpoint = "arn:aws-cn:ec2:cn-north-1:123456789012:instance/i-1"
	_, err = w.c.EnsureVPCOrigin(t.Context(), china)
	require.ErrorContains(t, err, "of the partition aws-cn")
}

// A deployment that failed ends the wait at once.
func TestWaitVPCOriginFails(t *testing.T) {
	t.Parallel()
	w := newWorld(t, cdntest.Options{})
	w.FailVPC(endpoint)
	v, err := w.c.EnsureVPCOrigin(t.Context(), vpcOrigin())
	require.NoError(t, err)
	err = w.c.WaitVPCOrigin(t.Context(), v.ID, nil)
	require.ErrorIs(t, err, awsops.ErrFailed)
}

// A distribution of a VPC origin that is not there is refused by CloudFront.
func TestEnsureWithoutItsVPCOrigin(t *testing.T) {
	t.Parallel()
	w := newWorld(t, cdntest.Options{})
	d := cdn.Distribution{ID: "shop", Origin: cdn.Origin{Domain: "ip-10-0-0-5.eu-central-1.compute.internal", VPC: "vo_none"}}
	plan, err := w.c.Plan(t.Context(), d)
	require.NoError(t, err)
	assert.Contains(t, plan.String(), "a VPC origin cannot be looked at from here")
	_, err = plan.Ensure(t.Context())
	require.ErrorIs(t, err, awsops.ErrGone)
}
