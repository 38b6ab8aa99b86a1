package r2

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/kitroll/kitroll/internal/httpcall"
	"github.com/kitroll/kitroll/internal/secret"
)

// Client is one bucket. It is safe for concurrent use and needs no Close; make one and keep it, for its connections.
type Client struct {
	bucket   string
	account  string // R2
	region   string
	endpoint *url.URL
	public   *url.URL // nil without PublicBase
	isR2     bool
	keys     aws.Credentials
	retry    httpcall.Retry
	log      *slog.Logger
	now      func() time.Time
	hide     func(string) string // takes the secrets out of a text
	signer   *v4.Signer
	http     *http.Client
	writing  writers
	minPart  int64
	maxParts int64
	maxCopy  int64 // the largest object that is copied in one request
	copyPart int64
	minRange int64 // of a download
	api      api
}

// api is the calls that the SDK makes for the package: see [request] for the others. They are method values, and the SDK's
// client is kept in no field: were it reachable from an interface, the linker would keep every operation of S3 in every program.
type api struct {
	list      func(context.Context, *s3.ListObjectsV2Input, ...func(*s3.Options)) (*s3.ListObjectsV2Output, error)
	create    func(context.Context, *s3.CreateMultipartUploadInput, ...func(*s3.Options)) (*s3.CreateMultipartUploadOutput, error)
	complete  func(context.Context, *s3.CompleteMultipartUploadInput, ...func(*s3.Options)) (*s3.CompleteMultipartUploadOutput, error)
	deleteAll func(context.Context, *s3.DeleteObjectsInput, ...func(*s3.Options)) (*s3.DeleteObjectsOutput, error)
	copy      func(context.Context, *s3.CopyObjectInput, ...func(*s3.Options)) (*s3.CopyObjectOutput, error)
	partCopy  func(context.Context, *s3.UploadPartCopyInput, ...func(*s3.Options)) (*s3.UploadPartCopyOutput, error)
	uploads   func(context.Context, *s3.ListMultipartUploadsInput, ...func(*s3.Options)) (*s3.ListMultipartUploadsOutput, error)
	listParts func(context.Context, *s3.ListPartsInput, ...func(*s3.Options)) (*s3.ListPartsOutput, error)
	abort     func(context.Context, *s3.AbortMultipartUploadInput, ...func(*s3.Options)) (*s3.AbortMultipartUploadOutput, error)
}

// New checks cfg and makes a client. It does no I/O and reads neither the environment nor ~/.aws. Its error joins every
// problem found, each naming its field.
func New(cfg Config) (*Client, error) {
	endpoint, public, err := cfg.check()
	if err != nil {
		return nil, fmt.Errorf("r2: config: %w", err)
	}
	c := &Client{
		bucket:   cfg.Bucket,
		account:  cfg.AccountID,
		region:   cmp.Or(cfg.Region, "auto"),
		endpoint: endpoint,
		public:   public,
		isR2:     cfg.AccountID != "",
		keys: aws.Credentials{
			AccessKeyID: cfg.AccessKeyID, SecretAccessKey: cfg.SecretAccessKey, SessionToken: cfg.SessionToken,
		},
		retry: httpcall.Retry{Max: *cmp.Or(cfg.MaxRetries, new(4)), Base: 200 * time.Millisecond},
		log:   cmp.Or(cfg.Logger, slog.New(slog.DiscardHandler)),
		now:   cfg.Now,
		hide:  func(text string) string { return secret.Scrub(text, cfg.SecretAccessKey, cfg.SessionToken) },
		signer: v4.NewSigner(func(o *v4.SignerOptions) {
			o.DisableURIPathEscaping = true // S3 signs the path as it is sent
		}),
		minPart: minPart, maxParts: maxParts, maxCopy: maxSingle, copyPart: 1 << 30, minRange: mib,
	}
	if c.now == nil {
		c.now = time.Now
	}
	c.http = httpcall.Client(cfg.HTTPClient, &http.Client{Transport: newTransport()})
	c.api = newAPI(c)
	return c, nil
}

// newTransport is a pool for many requests at a time. It asks for no compression: net/http would undo it unseen, and
// with it the length and the ETag of what comes.
func newTransport() *http.Transport {
	return &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		TLSHandshakeTimeout:   10 * time.Second,
		ResponseHeaderTimeout: 2 * time.Minute, // CompleteMultipartUpload takes its time
		IdleConnTimeout:       90 * time.Second,
		MaxIdleConns:          128,
		MaxIdleConnsPerHost:   32,
		WriteBufferSize:       256 << 10,
		ReadBufferSize:        64 << 10,
		DisableCompression:    true,
		Protocols:             http1(),
	}
}

func http1() *http.Protocols {
	var p http.Protocols
	p.SetHTTP1(true)
	return &p
}

func newAPI(c *Client) api {
	sdk := s3.New(s3.Options{
		Region:       c.region,
		BaseEndpoint: new(c.endpoint.String()),
		UsePathStyle: true,
		Credentials:  aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) { return c.keys, nil }),
		HTTPClient:   smithyhttp.ClientDoFunc(func(req *http.Request) (*http.Response, error) { return send(c.http, req) }),
		// It is call that repeats, and judges what may be repeated.
		Retryer: aws.NopRetryer{},
		// Else every PUT is chunked with a CRC32 trailer, which R2 has refused more than once.
		RequestChecksumCalculation:                aws.RequestChecksumCalculationWhenRequired,
		ResponseChecksumValidation:                aws.ResponseChecksumValidationWhenRequired,
		DisableLogOutputChecksumValidationSkipped: true,
		// Cloudflare never sends "100 Continue": over HTTP/2 each larger body would wait a second for it.
		ContinueHeaderThresholdBytes: -1,
		DisableS3ExpressSessionAuth:  new(true),
		APIOptions:                   []func(*middleware.Stack) error{withoutAcceptEncoding, withoutTraceHeader},
	})
	return api{
		list: sdk.ListObjectsV2, deleteAll: sdk.DeleteObjects, copy: sdk.CopyObject, partCopy: sdk.UploadPartCopy,
		create: sdk.CreateMultipartUpload, complete: sdk.CompleteMultipartUpload, abort: sdk.AbortMultipartUpload,
		uploads: sdk.ListMultipartUploads, listParts: sdk.ListParts,
	}
}

// withoutAcceptEncoding keeps Accept-Encoding out of the signature: a proxy that rewrites it, as Cloudflare's local R2
// does, would break it.
func withoutAcceptEncoding(stack *middleware.Stack) error {
	return stack.Finalize.Insert(middleware.FinalizeMiddlewareFunc("WithoutAcceptEncoding",
		func(ctx context.Context, in middleware.FinalizeInput, next middleware.FinalizeHandler) (middleware.FinalizeOutput, middleware.Metadata, error) {
			if req, ok := in.Request.(*smithyhttp.Request); ok {
				req.Header.Del("Accept-Encoding")
			}
			return next.HandleFinalize(ctx, in)
		}), "Signing", middleware.Before)
}

// withoutTraceHeader removes the part of the SDK that reads AWS Lambda's environment to add a header of its own.
func withoutTraceHeader(stack *middleware.Stack) error {
	if _, ok := stack.Build.Get("RecursionDetection"); ok {
		_, err := stack.Build.Remove("RecursionDetection")
		return err
	}
	return nil
}

func (c *Client) safe() secret.Fields {
	return secret.Fields{"r2.Client", "Endpoint", c.endpoint.String(), "Bucket", c.bucket, "AccessKeyID", secret.Tail(c.keys.AccessKeyID, 4)}
}

// String is the endpoint and the bucket, without secrets.
func (c *Client) String() string { return c.safe().String() }

// GoString is the endpoint and the bucket, without secrets.
func (c *Client) GoString() string { return c.safe().String() }

// Format prints the endpoint and the bucket, for every verb.
func (c *Client) Format(s fmt.State, verb rune) { c.safe().Format(s, verb) }

// LogValue is the endpoint and the bucket, without secrets.
func (c *Client) LogValue() slog.Value { return c.safe().LogValue() }
