package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/s3/manager" // deprecated, and what most programs have
	"github.com/aws/aws-sdk-go-v2/feature/s3/transfermanager"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"

	"github.com/kitroll/kitroll/r2"
)

// The clients of a bucket, in the order in which they are reported.
const (
	oursBucket      = "kitroll/r2"
	plainBucket     = "net/http, unsigned"
	minioBucket     = "minio-go v7.4.1"
	managerBucket   = "s3/manager v1.23.22"
	transferBucket  = "s3/transfermanager v0.5.5"
	putObjectBucket = "service/s3 v1.114.10, PutObject"

	oursMD5  = "kitroll/r2, ETag verified"
	minioMD5 = "minio-go v7.4.1, SendContentMd5"
)

// bucketTarget is the bucket that the clients write to, and all that they get: the same connections among it.
type bucketTarget struct {
	cfg r2.Config // whole, for ours
	url func(ctx context.Context, key string) (string, error)
}

// putFunc stores a body. It is that of a file, which can be read anywhere.
type putFunc func(ctx context.Context, key string, body *io.SectionReader) error

// bucketClients is how each client is made, for R2: path style, region "auto", and no checksums that R2 refuses.
func bucketClients() map[string]func(bucketTarget) (putFunc, error) {
	return map[string]func(bucketTarget) (putFunc, error){
		oursBucket:  func(t bucketTarget) (putFunc, error) { return newR2(t, r2.VerifyNone) },
		oursMD5:     func(t bucketTarget) (putFunc, error) { return newR2(t, r2.VerifyETag) },
		plainBucket: newPlainPut,
		minioBucket: func(t bucketTarget) (putFunc, error) { return newMinio(t, minio.PutObjectOptions{}) },
		minioMD5: func(t bucketTarget) (putFunc, error) {
			return newMinio(t, minio.PutObjectOptions{SendContentMd5: true})
		},
		managerBucket: func(t bucketTarget) (putFunc, error) {
			up := manager.NewUploader(newS3(t), func(u *manager.Uploader) { //nolint:staticcheck // see above
				u.RequestChecksumCalculation = aws.RequestChecksumCalculationWhenRequired
			})
			return func(ctx context.Context, key string, body *io.SectionReader) error {
				_, err := up.Upload(ctx, &s3.PutObjectInput{Bucket: &t.cfg.Bucket, Key: &key, Body: body}) //nolint:staticcheck // see above
				return err
			}, nil
		},
		transferBucket: func(t bucketTarget) (putFunc, error) {
			c := transfermanager.New(newS3(t), func(o *transfermanager.Options) {
				o.RequestChecksumCalculation = aws.RequestChecksumCalculationWhenRequired
			})
			return func(ctx context.Context, key string, body *io.SectionReader) error {
				_, err := c.UploadObject(ctx, &transfermanager.UploadObjectInput{Bucket: &t.cfg.Bucket, Key: &key, Body: body})
				return err
			}, nil
		},
		putObjectBucket: func(t bucketTarget) (putFunc, error) {
			put := newS3(t).PutObject
			return func(ctx context.Context, key string, body *io.SectionReader) error {
				_, err := put(ctx, &s3.PutObjectInput{Bucket: &t.cfg.Bucket, Key: &key, Body: body})
				return err
			}, nil
		},
	}
}

func newR2(t bucketTarget, verify r2.Verify) (putFunc, error) {
	c, err := r2.New(t.cfg)
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context, key string, body *io.SectionReader) error {
		_, err := c.Put(ctx, key, body, &r2.PutOptions{Verify: verify})
		return err
	}, nil
}

func newS3(t bucketTarget) *s3.Client {
	keys := aws.Credentials{AccessKeyID: t.cfg.AccessKeyID, SecretAccessKey: t.cfg.SecretAccessKey}
	return s3.New(s3.Options{
		Region: "auto", BaseEndpoint: &t.cfg.Endpoint, UsePathStyle: true, HTTPClient: t.cfg.HTTPClient,
		Credentials:                aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) { return keys, nil }),
		RequestChecksumCalculation: aws.RequestChecksumCalculationWhenRequired,
		ResponseChecksumValidation: aws.ResponseChecksumValidationWhenRequired,
	})
}

func newMinio(t bucketTarget, opts minio.PutObjectOptions) (putFunc, error) {
	u, err := url.Parse(t.cfg.Endpoint)
	if err != nil {
		return nil, err
	}
	c, err := minio.New(u.Host, &minio.Options{
		Creds: credentials.NewStaticV4(t.cfg.AccessKeyID, t.cfg.SecretAccessKey, ""), Secure: true,
		Transport: t.cfg.HTTPClient.Transport, Region: "auto", BucketLookup: minio.BucketLookupPath,
	})
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context, key string, body *io.SectionReader) error {
		_, err := c.PutObject(ctx, t.cfg.Bucket, key, body, body.Size(), opts)
		return err
	}, nil
}

// newPlainPut is the limit: one request without a signature, whose answer is looked at for its status alone.
func newPlainPut(t bucketTarget) (putFunc, error) {
	return func(ctx context.Context, key string, body *io.SectionReader) error {
		to, err := t.url(ctx, key)
		if err != nil {
			return err
		}
		req, err := http.NewRequestWithContext(ctx, http.MethodPut, to, io.NopCloser(body))
		if err != nil {
			return err
		}
		req.ContentLength = body.Size()
		resp, err := t.cfg.HTTPClient.Do(req)
		if err != nil {
			return err
		}
		defer func() { _ = resp.Body.Close() }()
		var text bytes.Buffer
		if _, err := io.CopyN(&text, resp.Body, 1<<10); err != nil && err != io.EOF { //nolint:errorlint // CopyN gives it bare
			return err
		}
		if resp.StatusCode != http.StatusOK {
			return fmt.Errorf("status %d: %s", resp.StatusCode, strings.TrimSpace(text.String()))
		}
		return nil
	}, nil
}
