package ec2movetest_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/awsops/ec2move"
	"github.com/kitroll/kitroll/awsops/ec2movetest"
)

func tcp(port int32, cidrs ...string) types.IpPermission {
	p := types.IpPermission{IpProtocol: aws.String("tcp"), FromPort: aws.Int32(port), ToPort: aws.Int32(port)}
	for _, c := range cidrs {
		if strings.Contains(c, ":") {
			p.Ipv6Ranges = append(p.Ipv6Ranges, types.Ipv6Range{CidrIpv6: aws.String(c)})
		} else {
			p.IpRanges = append(p.IpRanges, types.IpRange{CidrIp: aws.String(c)})
		}
	}
	return p
}

func newGroup(t *testing.T, in ec2move.API, name string) string {
	t.Helper()
	out, err := in.CreateSecurityGroup(t.Context(), &ec2.CreateSecurityGroupInput{GroupName: aws.String(name), Description: aws.String("d")})
	require.NoError(t, err)
	return *out.GroupId
}

// TestGroups: Trap 11: default egress.
func TestGroups(t *testing.T) {
	t.Parallel()
	in := ec2movetest.New(nil).Region(target)
	id := newGroup(t, in, "web")
	show := func() types.SecurityGroup {
		out, err := in.DescribeSecurityGroups(t.Context(), &ec2.DescribeSecurityGroupsInput{GroupIds: []string{id}})
		require.NoError(t, err)
		return out.SecurityGroups[0]
	}
	everything := []types.IpPermission{{IpProtocol: aws.String("-1"), IpRanges: []types.IpRange{{CidrIp: aws.String("0.0.0.0/0")}}}}
	assert.Equal(t, everything, show().IpPermissionsEgress, "a new group lets everything out")
	assert.Empty(t, show().IpPermissions)
	_, err := in.RevokeSecurityGroupEgress(t.Context(), &ec2.RevokeSecurityGroupEgressInput{GroupId: aws.String(id), IpPermissions: everything})
	require.NoError(t, err)
	assert.Empty(t, show().IpPermissionsEgress)
	_, err = in.RevokeSecurityGroupEgress(t.Context(), &ec2.RevokeSecurityGroupEgressInput{GroupId: aws.String(id), IpPermissions: everything})
	assert.Equal(t, "InvalidPermission.NotFound", code(t, err))

	p := tcp(443, "0.0.0.0/0", "192.0.2.0/24", "::/0")
	p.IpRanges[0].Description = aws.String("https")
	p.UserIdGroupPairs = []types.UserIdGroupPair{{GroupId: aws.String(id)}}
	made, err := in.AuthorizeSecurityGroupIngress(t.Context(), &ec2.AuthorizeSecurityGroupIngressInput{GroupId: aws.String(id), IpPermissions: []types.IpPermission{p}})
	require.NoError(t, err)
	assert.Len(t, made.SecurityGroupRules, 4, "one rule for each peer")
	p.UserIdGroupPairs[0].UserId = aws.String("123456789012")
	assert.Equal(t, []types.IpPermission{p}, show().IpPermissions)
	_, err = in.RevokeSecurityGroupIngress(t.Context(), &ec2.RevokeSecurityGroupIngressInput{GroupId: aws.String(id), SecurityGroupRuleIds: []string{*made.SecurityGroupRules[1].SecurityGroupRuleId}})
	require.NoError(t, err)
	assert.Len(t, show().IpPermissions[0].IpRanges, 1)
	_, err = in.RevokeSecurityGroupIngress(t.Context(), &ec2.RevokeSecurityGroupIngressInput{GroupId: aws.String(id), SecurityGroupRuleIds: []string{"sgr-none"}})
	assert.Equal(t, "InvalidSecurityGroupRuleId.NotFound", code(t, err))
}

func TestRulesAreChecked(t *testing.T) {
	t.Parallel()
	cloud := sample(ec2movetest.Options{})
	in := cloud.Region(source)
	id := newGroup(t, in, "strict")
	long := tcp(1, "192.0.2.0/24")
	long.IpRanges[0].Description = aws.String(strings.Repeat("x", 256))
	odd := tcp(1, "192.0.2.0/24")
	odd.IpRanges[0].Description = aws.String("naïve")
	for name, tt := range map[string]struct {
		p    []types.IpPermission
		code string
	}{
		"none":            {nil, "MissingParameter"},
		"no peer":         {[]types.IpPermission{tcp(80)}, "MissingParameter"},
		"no protocol":     {[]types.IpPermission{{IpRanges: []types.IpRange{{CidrIp: aws.String("0.0.0.0/0")}}}}, "MissingParameter"},
		"unknown":         {[]types.IpPermission{{IpProtocol: aws.String("quic"), IpRanges: []types.IpRange{{CidrIp: aws.String("0.0.0.0/0")}}}}, "InvalidParameterValue"},
		"no ports":        {[]types.IpPermission{{IpProtocol: aws.String("tcp"), IpRanges: []types.IpRange{{CidrIp: aws.String("0.0.0.0/0")}}}}, "InvalidParameterValue"},
		"ports":           {[]types.IpPermission{tcp(70_000, "0.0.0.0/0")}, "InvalidParameterValue"},
		"CIDR":            {[]types.IpPermission{tcp(80, "0.0.0.0/33")}, "InvalidParameterValue"},
		"twice":           {[]types.IpPermission{tcp(80, "192.0.2.0/24", "192.0.2.7/24")}, "InvalidParameterValue"},
		"no such group":   {[]types.IpPermission{{IpProtocol: aws.String("-1"), UserIdGroupPairs: []types.UserIdGroupPair{{GroupId: aws.String("sg-0cccccccc")}}}}, "InvalidGroupId.Malformed"},
		"another account": {[]types.IpPermission{{IpProtocol: aws.String("-1"), UserIdGroupPairs: []types.UserIdGroupPair{{GroupId: aws.String(id), UserId: aws.String("210987654321")}}}}, "InvalidGroup.NotFound"},
		"no such list":    {[]types.IpPermission{{IpProtocol: aws.String("-1"), PrefixListIds: []types.PrefixListId{{PrefixListId: aws.String("pl-00000000")}}}}, "InvalidPrefixListID.NotFound"},
		"description":     {[]types.IpPermission{long}, "InvalidParameterValue"},
		"characters":      {[]types.IpPermission{odd}, "InvalidParameterValue"},
		"fine":            {[]types.IpPermission{tcp(80, "192.0.2.0/24")}, ""},
		"by number":       {[]types.IpPermission{{IpProtocol: aws.String("50"), IpRanges: []types.IpRange{{CidrIp: aws.String("192.0.2.0/24")}}}}, ""},
	} {
		_, err := in.AuthorizeSecurityGroupIngress(t.Context(), &ec2.AuthorizeSecurityGroupIngressInput{GroupId: aws.String(id), IpPermissions: tt.p})
		assert.Equal(t, tt.code, code(t, err), name)
	}
	_, err := in.AuthorizeSecurityGroupIngress(t.Context(), &ec2.AuthorizeSecurityGroupIngressInput{GroupId: aws.String(id), IpPermissions: []types.IpPermission{tcp(80, "192.0.2.0/24")}})
	assert.Equal(t, "InvalidPermission.Duplicate", code(t, err))
	_, err = in.AuthorizeSecurityGroupEgress(t.Context(), &ec2.AuthorizeSecurityGroupEgressInput{GroupId: aws.String(id), IpPermissions: []types.IpPermission{tcp(80, "192.0.2.0/24")}})
	require.NoError(t, err, "out is another list")
}

func TestSixtyRules(t *testing.T) {
	t.Parallel()
	cloud := sample(ec2movetest.Options{})
	in := cloud.Region(source)
	id := newGroup(t, in, "many")
	add := func(p ...types.IpPermission) error {
		_, err := in.AuthorizeSecurityGroupIngress(t.Context(), &ec2.AuthorizeSecurityGroupIngressInput{GroupId: aws.String(id), IpPermissions: p})
		return err
	}
	for i := range 59 {
		require.NoError(t, add(tcp(int32(i+1), "192.0.2.0/24")))
	}
	list := types.IpPermission{IpProtocol: aws.String("-1"), PrefixListIds: []types.PrefixListId{{PrefixListId: aws.String("pl-0aa11bb22cc33dd44")}}}
	assert.Equal(t, "RulesPerSecurityGroupLimitExceeded", code(t, add(list)), "a list counts with all that it can hold")
	require.NoError(t, add(tcp(100, "2001:db8::/32")), "IPv6 has its own count")
	require.NoError(t, add(tcp(100, "192.0.2.0/24")))
	assert.Equal(t, "RulesPerSecurityGroupLimitExceeded", code(t, add(tcp(101, "192.0.2.0/24"))))
}

func TestGroupNames(t *testing.T) {
	t.Parallel()
	cloud := ec2movetest.New(&ec2movetest.Options{World: &ec2movetest.World{Regions: map[string]*ec2movetest.Area{target: {VPCs: []ec2movetest.VPC{{ID: "vpc-0ddddddddddddddd1", CIDR: "10.0.0.0/16"}}}}}})
	in := cloud.Region(target)
	newGroup(t, in, "web")
	for name, tt := range map[string]struct {
		in   ec2.CreateSecurityGroupInput
		code string
	}{
		"taken":          {ec2.CreateSecurityGroupInput{GroupName: aws.String("web"), Description: aws.String("d")}, "InvalidGroup.Duplicate"},
		"another VPC":    {ec2.CreateSecurityGroupInput{GroupName: aws.String("web"), Description: aws.String("d"), VpcId: aws.String("vpc-0ddddddddddddddd1")}, ""},
		"no VPC":         {ec2.CreateSecurityGroupInput{GroupName: aws.String("w"), Description: aws.String("d"), VpcId: aws.String("vpc-1")}, "InvalidVpcID.NotFound"},
		"no description": {ec2.CreateSecurityGroupInput{GroupName: aws.String("w")}, "MissingParameter"},
		"like an ID":     {ec2.CreateSecurityGroupInput{GroupName: aws.String("sg-w"), Description: aws.String("d")}, "InvalidParameterValue"},
		"long":           {ec2.CreateSecurityGroupInput{GroupName: aws.String(strings.Repeat("x", 256)), Description: aws.String("d")}, "InvalidParameterValue"},
		"default":        {ec2.CreateSecurityGroupInput{GroupName: aws.String("default"), Description: aws.String("d")}, "InvalidGroup.Duplicate"},
	} {
		_, err := in.CreateSecurityGroup(t.Context(), &tt.in)
		assert.Equal(t, tt.code, code(t, err), name)
	}
}

// TestGroupsDepend: Trap 11: security-group cycles: neither can be deleted before a reference is gone.
func TestGroupsDepend(t *testing.T) {
	t.Parallel()
	cloud := sample(ec2movetest.Options{})
	_, image := copied(t, cloud)
	in := cloud.Region(target)
	one, two := newGroup(t, in, "one"), newGroup(t, in, "two")
	refer := func(from, to string) {
		_, err := in.AuthorizeSecurityGroupIngress(t.Context(), &ec2.AuthorizeSecurityGroupIngressInput{
			GroupId: aws.String(from), IpPermissions: []types.IpPermission{{IpProtocol: aws.String("-1"), UserIdGroupPairs: []types.UserIdGroupPair{{GroupId: aws.String(to)}}}},
		})
		require.NoError(t, err)
	}
	refer(one, two)
	refer(two, one)
	refer(one, one)
	remove := func(id string) error {
		_, err := in.DeleteSecurityGroup(t.Context(), &ec2.DeleteSecurityGroupInput{GroupId: aws.String(id)})
		return err
	}
	assert.Equal(t, "DependencyViolation", code(t, remove(one)))
	assert.Equal(t, "DependencyViolation", code(t, remove(two)))
	_, err := in.RevokeSecurityGroupIngress(t.Context(), &ec2.RevokeSecurityGroupIngressInput{
		GroupId: aws.String(one), IpPermissions: []types.IpPermission{{IpProtocol: aws.String("-1"), UserIdGroupPairs: []types.UserIdGroupPair{{GroupId: aws.String(two)}}}},
	})
	require.NoError(t, err)
	require.NoError(t, remove(two))
	out, err := in.RunInstances(t.Context(), launchInput(image, func(x *ec2.RunInstancesInput) { x.SecurityGroupIds = []string{one} }))
	require.NoError(t, err)
	assert.Equal(t, "DependencyViolation", code(t, remove(one)), "an instance has it")
	cards, err := in.DescribeNetworkInterfaces(t.Context(), &ec2.DescribeNetworkInterfacesInput{Filters: []types.Filter{filter("group-id", one)}})
	require.NoError(t, err)
	require.Len(t, cards.NetworkInterfaces, 1)
	assert.Equal(t, *out.Instances[0].InstanceId, *cards.NetworkInterfaces[0].Attachment.InstanceId)
	_, err = in.TerminateInstances(t.Context(), &ec2.TerminateInstancesInput{InstanceIds: []string{*out.Instances[0].InstanceId}})
	require.NoError(t, err)
	assert.Equal(t, "DependencyViolation", code(t, remove(one)), "until the interface is gone")
	cloud.Clock().Advance(time.Minute)
	require.NoError(t, remove(one), "a reference to itself does not hold it")
	groups, err := in.DescribeSecurityGroups(t.Context(), &ec2.DescribeSecurityGroupsInput{Filters: []types.Filter{filter("group-name", "default")}})
	require.NoError(t, err)
	assert.Equal(t, "CannotDelete", code(t, remove(*groups.SecurityGroups[0].GroupId)))
}

// TestPrefixLists: Trap 11: prefix-list ids per Region.
func TestPrefixLists(t *testing.T) {
	t.Parallel()
	cloud := sample(ec2movetest.Options{})
	id := func(region, name string) string {
		out, err := cloud.Region(region).DescribeManagedPrefixLists(t.Context(), &ec2.DescribeManagedPrefixListsInput{Filters: []types.Filter{filter("prefix-list-name", name)}})
		require.NoError(t, err)
		require.Len(t, out.PrefixLists, 1)
		return *out.PrefixLists[0].PrefixListId
	}
	const global = "com.amazonaws.global.cloudfront.origin-facing"
	assert.NotEqual(t, id(source, global), id(target, global), "the same name, another ID")
	assert.NotEqual(t, id(source, "com.amazonaws."+source+".s3"), id(target, "com.amazonaws."+target+".s3"))

	in := cloud.Region(target)
	entries := func(from, n int) (out []types.AddPrefixListEntry) {
		for i := from; i < from+n; i++ {
			out = append(out, types.AddPrefixListEntry{Cidr: aws.String(fmt.Sprintf("10.%d.%d.0/24", i/256, i%256))})
		}
		return out
	}
	create := func(change func(*ec2.CreateManagedPrefixListInput)) (*types.ManagedPrefixList, error) {
		x := &ec2.CreateManagedPrefixListInput{AddressFamily: aws.String("IPv4"), MaxEntries: aws.Int32(150), PrefixListName: aws.String("mine"), Entries: entries(0, 100), ClientToken: aws.String("token")}
		if change != nil {
			change(x)
		}
		out, err := in.CreateManagedPrefixList(t.Context(), x)
		if err != nil {
			return nil, err
		}
		return out.PrefixList, nil
	}
	made, err := create(nil)
	require.NoError(t, err)
	assert.Equal(t, types.PrefixListStateCreateInProgress, made.State)
	again, err := create(nil)
	require.NoError(t, err)
	assert.Equal(t, *made.PrefixListId, *again.PrefixListId)
	for name, tt := range map[string]struct {
		change func(*ec2.CreateManagedPrefixListInput)
		code   string
	}{
		"changed":     {func(x *ec2.CreateManagedPrefixListInput) { x.MaxEntries = aws.Int32(151) }, "IdempotentParameterMismatch"},
		"101 entries": {func(x *ec2.CreateManagedPrefixListInput) { x.Entries, x.ClientToken = entries(0, 101), nil }, "InvalidParameterValue"},
		"too few":     {func(x *ec2.CreateManagedPrefixListInput) { x.MaxEntries, x.ClientToken = aws.Int32(99), nil }, "PrefixListMaxEntriesExceeded"},
		"name of AWS": {func(x *ec2.CreateManagedPrefixListInput) {
			x.PrefixListName, x.ClientToken = aws.String("com.amazonaws.x"), nil
		}, "InvalidParameterValue"},
		"family":       {func(x *ec2.CreateManagedPrefixListInput) { x.AddressFamily, x.ClientToken = aws.String("IPX"), nil }, "InvalidParameterValue"},
		"other family": {func(x *ec2.CreateManagedPrefixListInput) { x.AddressFamily, x.ClientToken = aws.String("IPv6"), nil }, "InvalidParameterValue"},
	} {
		_, err := create(tt.change)
		assert.Equal(t, tt.code, code(t, err), name)
	}
	modify := func(version int64, add int) error {
		_, err := in.ModifyManagedPrefixList(t.Context(), &ec2.ModifyManagedPrefixListInput{PrefixListId: made.PrefixListId, CurrentVersion: aws.Int64(version), AddEntries: entries(100, add)})
		return err
	}
	assert.Equal(t, "IncorrectState", code(t, modify(1, 50)), "in progress")
	cloud.Clock().Advance(time.Minute)
	assert.Equal(t, "PrefixListVersionMismatch", code(t, modify(2, 50)))
	assert.Equal(t, "PrefixListMaxEntriesExceeded", code(t, modify(1, 51)))
	require.NoError(t, modify(1, 50))
	cloud.Clock().Advance(time.Minute)
	first, err := in.GetManagedPrefixListEntries(t.Context(), &ec2.GetManagedPrefixListEntriesInput{PrefixListId: made.PrefixListId})
	require.NoError(t, err)
	assert.Len(t, first.Entries, 100)
	second, err := in.GetManagedPrefixListEntries(t.Context(), &ec2.GetManagedPrefixListEntriesInput{PrefixListId: made.PrefixListId, NextToken: first.NextToken})
	require.NoError(t, err)
	assert.Len(t, second.Entries, 50)
	assert.Nil(t, second.NextToken)

	group := newGroup(t, in, "user")
	rule := []types.IpPermission{{IpProtocol: aws.String("-1"), PrefixListIds: []types.PrefixListId{{PrefixListId: made.PrefixListId}}}}
	_, err = in.AuthorizeSecurityGroupIngress(t.Context(), &ec2.AuthorizeSecurityGroupIngressInput{GroupId: aws.String(group), IpPermissions: rule})
	assert.Equal(t, "RulesPerSecurityGroupLimitExceeded", code(t, err), "150 at once")
	small, err := create(func(x *ec2.CreateManagedPrefixListInput) {
		x.MaxEntries, x.Entries, x.ClientToken = aws.Int32(2), entries(0, 2), nil
	})
	require.NoError(t, err)
	rule[0].PrefixListIds[0].PrefixListId = small.PrefixListId
	_, err = in.AuthorizeSecurityGroupIngress(t.Context(), &ec2.AuthorizeSecurityGroupIngressInput{GroupId: aws.String(group), IpPermissions: rule})
	require.NoError(t, err)
	cloud.Clock().Advance(time.Minute)
	remove := func(id string) error {
		_, err := in.DeleteManagedPrefixList(t.Context(), &ec2.DeleteManagedPrefixListInput{PrefixListId: aws.String(id)})
		return err
	}
	assert.Equal(t, "DependencyViolation", code(t, remove(*small.PrefixListId)))
	require.NoError(t, remove(*made.PrefixListId))
	assert.Equal(t, "UnauthorizedOperation", code(t, remove(id(target, global))))
	cloud.Clock().Advance(time.Minute)
	assert.Equal(t, 1, cloud.Count(target).PrefixLists)
}

func TestKeyPairs(t *testing.T) {
	t.Parallel()
	const rsa = "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAgQC6SL2uTPNPvLu7o4i8TmQuKcSj7kOHUuEQRTfmV3qcDgnWzFjjZGWTjzLYqhlXbnWHDGEhNfsQAxk2ZcR0jdZ6gDJyHIeNsPFyD3L7Z8GYrOq9OTIYcBHAMzXQdGDz7UYSlGYU+zZqKZoyBNSW/wyAyqtbiSMIQcZqD8Cvu3xVBw=="
	in := sample(ec2movetest.Options{}).Region(target)
	for name, tt := range map[string]struct {
		name, key, code string
	}{
		"fine":         {"one", publicKey, ""},
		"RSA":          {"two", rsa, ""},
		"no key":       {"three", "hello", "InvalidKey.Format"},
		"cut":          {"three", publicKey[:50], "InvalidKey.Format"},
		"another type": {"three", strings.Replace(publicKey, "ssh-ed25519", "ssh-rsa", 1), "InvalidKey.Format"},
		"blank":        {" three", publicKey, "InvalidParameterValue"},
		"empty":        {"", publicKey, "MissingParameter"},
	} {
		_, err := in.ImportKeyPair(t.Context(), &ec2.ImportKeyPairInput{KeyName: aws.String(tt.name), PublicKeyMaterial: []byte(tt.key)})
		assert.Equal(t, tt.code, code(t, err), name)
	}
	_, err := in.ImportKeyPair(t.Context(), &ec2.ImportKeyPairInput{KeyName: aws.String("one"), PublicKeyMaterial: []byte(publicKey)})
	assert.Equal(t, "InvalidKeyPair.Duplicate", code(t, err))
	out, err := in.DescribeKeyPairs(t.Context(), &ec2.DescribeKeyPairsInput{KeyNames: []string{"one"}})
	require.NoError(t, err)
	assert.Nil(t, out.KeyPairs[0].PublicKey, "only when asked for")
	assert.Equal(t, types.KeyTypeEd25519, out.KeyPairs[0].KeyType)
	out, err = in.DescribeKeyPairs(t.Context(), &ec2.DescribeKeyPairsInput{KeyNames: []string{"one"}, IncludePublicKey: aws.Bool(true)})
	require.NoError(t, err)
	assert.Equal(t, strings.TrimSuffix(publicKey, "me@home")+"one", *out.KeyPairs[0].PublicKey, "the comment is EC2's own")
	_, err = in.DescribeKeyPairs(t.Context(), &ec2.DescribeKeyPairsInput{KeyNames: []string{"none"}})
	assert.Equal(t, "InvalidKeyPair.NotFound", code(t, err))
	for range 2 {
		_, err = in.DeleteKeyPair(t.Context(), &ec2.DeleteKeyPairInput{KeyName: aws.String("one")})
		require.NoError(t, err, "again does nothing")
	}
}
