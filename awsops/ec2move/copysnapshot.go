package ec2move

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// copySnapshot is CopySnapshot by way of CreateSnapshot, whose answer has the same form. The SDK's own CopySnapshot puts a
// client into an interface, to sign the address that EC2 reads an encrypted snapshot from in the other Region; with it,
// text/template in a program makes the linker keep all of EC2 (50 MB in place of 18; a test builds both). Request and signed
// address have the fields of the SDK's, which another test holds them to.
func copySnapshot(
	create func(context.Context, *ec2.CreateSnapshotInput, ...func(*ec2.Options)) (*ec2.CreateSnapshotOutput, error),
) func(context.Context, *ec2.CopySnapshotInput, ...func(*ec2.Options)) (*ec2.CopySnapshotOutput, error) {
	return func(ctx context.Context, in *ec2.CopySnapshotInput, options ...func(*ec2.Options)) (*ec2.CopySnapshotOutput, error) {
		if aws.ToString(in.SourceRegion) == "" || aws.ToString(in.SourceSnapshotId) == "" {
			return nil, errors.New("a snapshot and its Region are needed")
		}
		rewrite := func(o *ec2.Options) {
			own := *o
			o.APIOptions = append(o.APIOptions, func(stack *middleware.Stack) error {
				return stack.Serialize.Insert(copyForm{in: in, options: own}, "OperationSerializer", middleware.After)
			})
		}
		out, err := create(ctx, &ec2.CreateSnapshotInput{VolumeId: aws.String("-")}, append(append([]func(*ec2.Options){}, options...), rewrite)...)
		if err != nil {
			return nil, err
		}
		return &ec2.CopySnapshotOutput{SnapshotId: out.SnapshotId, Tags: out.Tags, ResultMetadata: out.ResultMetadata}, nil
	}
}

// copyForm puts the form of a CopySnapshot in the place of what was serialized.
type copyForm struct {
	in      *ec2.CopySnapshotInput
	options ec2.Options
}

// ID names the middleware.
func (copyForm) ID() string { return "ec2move.CopySnapshot" }

// HandleSerialize replaces the body.
func (f copyForm) HandleSerialize(ctx context.Context, in middleware.SerializeInput, next middleware.SerializeHandler) (
	out middleware.SerializeOutput, metadata middleware.Metadata, err error,
) {
	req, ok := in.Request.(*smithyhttp.Request)
	if !ok {
		return out, metadata, fmt.Errorf("a request of type %T", in.Request)
	}
	form := f.form()
	if form.Get("PresignedUrl") == "" {
		signed, err := f.presign(ctx, form)
		if err != nil {
			return out, metadata, fmt.Errorf("sign the source of the copy: %w", err)
		}
		form.Set("PresignedUrl", signed)
	}
	if req, err = req.SetStream(strings.NewReader(form.Encode())); err != nil {
		return out, metadata, err
	}
	in.Request = req
	return next.HandleSerialize(ctx, in)
}

// form is the input in EC2's query protocol (EC2 API reference, "CopySnapshot"; read 2026-11).
func (f copyForm) form() url.Values {
	form := url.Values{"Action": {"CopySnapshot"}, "Version": {"2016-11-15"}}
	text := func(key string, value *string) {
		if value != nil {
			form.Set(key, *value)
		}
	}
	text("SourceRegion", f.in.SourceRegion)
	text("SourceSnapshotId", f.in.SourceSnapshotId)
	text("Description", f.in.Description)
	text("DestinationAvailabilityZone", f.in.DestinationAvailabilityZone)
	text("DestinationOutpostArn", f.in.DestinationOutpostArn)
	text("KmsKeyId", f.in.KmsKeyId)
	text("PresignedUrl", f.in.PresignedUrl)
	if f.in.Encrypted != nil {
		form.Set("Encrypted", strconv.FormatBool(*f.in.Encrypted))
	}
	if f.in.DryRun != nil {
		form.Set("DryRun", strconv.FormatBool(*f.in.DryRun))
	}
	if f.in.CompletionDurationMinutes != nil {
		form.Set("CompletionDurationMinutes", strconv.Itoa(int(*f.in.CompletionDurationMinutes)))
	}
	for i, spec := range f.in.TagSpecifications {
		at := fmt.Sprintf("TagSpecification.%d.", i+1)
		if spec.ResourceType != "" {
			form.Set(at+"ResourceType", string(spec.ResourceType))
		}
		for j, tag := range spec.Tags {
			text(fmt.Sprintf("%sTag.%d.Key", at, j+1), tag.Key)
			text(fmt.Sprintf("%sTag.%d.Value", at, j+1), tag.Value)
		}
	}
	return form
}

// presign is the same request as a GET in the source's Region, signed: by it EC2 reads the snapshot on the caller's behalf.
func (f copyForm) presign(ctx context.Context, form url.Values) (string, error) {
	o := f.options
	if o.Credentials == nil {
		return "", errors.New("there are no credentials")
	}
	endpoint, err := o.EndpointResolverV2.ResolveEndpoint(ctx, ec2.EndpointParameters{
		Region: f.in.SourceRegion, Endpoint: o.BaseEndpoint,
		UseFIPS:      aws.Bool(o.EndpointOptions.UseFIPSEndpoint == aws.FIPSEndpointStateEnabled),
		UseDualStack: aws.Bool(o.EndpointOptions.UseDualStackEndpoint == aws.DualStackEndpointStateEnabled),
	})
	if err != nil {
		return "", err
	}
	keys, err := o.Credentials.Retrieve(ctx)
	if err != nil {
		return "", err
	}
	query := maps.Clone(form)
	query.Set("DestinationRegion", o.Region)
	at := endpoint.URI
	at.RawQuery = query.Encode()
	if at.Path == "" {
		at.Path = "/"
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, at.String(), http.NoBody)
	if err != nil {
		return "", err
	}
	empty := sha256.Sum256(nil)
	signed, _, err := v4.NewSigner().PresignHTTP(ctx, keys, req, hex.EncodeToString(empty[:]), "ec2", *f.in.SourceRegion, time.Now())
	return signed, err
}
