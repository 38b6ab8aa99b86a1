package ec2movetest

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"reflect"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/kitroll/kitroll/awsops"
	"github.com/kitroll/kitroll/awsops/awsopstest"
)

// do is a call: the faults that are due, the fake's time, the parameters, the effect. knows are the parameters that the fake
// has a behaviour for, separated by blanks; it refuses the others, as it could only pretend.
func do[I, O any](ctx context.Context, r *region, op, knows string, in *I, effect func(*region, *I) (*O, error)) (*O, error) {
	return awsopstest.Call(ctx, &r.cloud.Script, op, func() (*O, error) {
		return awsopstest.Call(ctx, &r.script, op, func() (*O, error) {
			r.cloud.mu.Lock()
			defer r.cloud.mu.Unlock()
			r.cloud.settle()
			if in == nil {
				in = new(I)
			}
			if err := known(op, knows, in); err != nil {
				return nil, err
			}
			return effect(r, in)
		})
	})
}

func known(op, knows string, in any) error {
	names := map[string]bool{}
	for name := range strings.FieldsSeq(knows) {
		names[name] = true
	}
	v := reflect.ValueOf(in).Elem()
	for i := range v.NumField() {
		f := v.Type().Field(i)
		if f.IsExported() && f.Name != "DryRun" && !v.Field(i).IsZero() && !names[f.Name] {
			return refuse("UnsupportedOperation", "The fake has no behaviour for the parameter %s of %s.", f.Name, op)
		}
	}
	if dry := v.FieldByName("DryRun"); dry.IsValid() && !dry.IsNil() && dry.Elem().Bool() {
		return refuse("DryRunOperation", "Request would have succeeded, but DryRun flag is set.")
	}
	return nil
}

func refuse(code, format string, args ...any) error { return awsopstest.Refuse(code, format, args...) }

func missing(parameter string) error {
	return refuse("MissingParameter", "The request must contain the parameter %s", parameter)
}

// required finds the first of name, value pairs that is empty.
func required(pairs ...any) error {
	for i := 0; i+1 < len(pairs); i += 2 {
		name, _ := pairs[i].(string)
		if v := reflect.ValueOf(pairs[i+1]); v.IsZero() || v.Kind() == reflect.Pointer && v.Elem().Kind() == reflect.String && v.Elem().Len() == 0 {
			return missing(name)
		}
	}
	return nil
}

func hexOf(key string, n int) string {
	sum := sha256.Sum256([]byte(key + "/" + strconv.Itoa(n)))
	return hex.EncodeToString(sum[:])
}

// fingerprint is what two calls with one client token must have in common.
func fingerprint(v any) string {
	data, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("ec2movetest: %v", err)) // of plain structs of the SDK, which cannot fail
	}
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

func partition(region string) string { return string(awsops.PartitionOf(region)) }

// page cuts a list to the page that is asked for. byID forbids MaxResults, as EC2 does.
func page[T any](r *region, all []T, most *int32, token *string, byID bool) ([]T, *string, error) {
	size := r.cloud.opts.PageSize
	if most != nil {
		if byID {
			return nil, nil, refuse("InvalidParameterCombination", "The parameter instancesSet or its like cannot be used with the parameter maxResults")
		}
		if *most < 5 || *most > 1000 {
			return nil, nil, refuse("InvalidParameterValue", "Value ( %d ) for parameter maxResults is invalid. Expecting a value between 5 and 1000.", *most)
		}
		if size == 0 || int(*most) < size {
			size = int(*most)
		}
	}
	start := 0
	if token != nil {
		data, err := base64.RawURLEncoding.DecodeString(*token)
		n, errNumber := strconv.Atoi(strings.TrimPrefix(string(data), "page:"))
		if err != nil || errNumber != nil || n < 0 {
			return nil, nil, refuse("InvalidParameterValue", "Unable to parse pagination token")
		}
		start = min(n, len(all))
	}
	all = all[start:]
	if size == 0 || len(all) <= size {
		return all, nil, nil
	}
	return all[:size], aws.String(base64.RawURLEncoding.EncodeToString([]byte("page:" + strconv.Itoa(start+size)))), nil
}
