package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

// check asks for one picture as a browser would, if anything has changed: whether its address works, and whether the scripts of
// each -origin may read it. What does not is a warning: new rules and new domains take up to half a minute to be known
// everywhere, and a 404 that was seen before the upload may still be in a cache.
//
// Source: developers.cloudflare.com/r2/buckets/cors and /public-buckets (read 2026-11).
func (j *job) check(ctx context.Context, p *Plan) error {
	if !p.changes() && p.DomainIs == domainServes {
		return nil
	}
	link := j.report.Pictures[0]
	if len(p.Upload) > 0 {
		for _, l := range j.report.Pictures {
			if l.Key == j.flags.prefix+p.Upload[0].Key {
				link = l
				break
			}
		}
	}
	origins := j.flags.origins
	if len(origins) == 0 {
		origins = []string{""}
	}
	for _, origin := range slices.Compact(slices.Sorted(slices.Values(origins))) {
		err := j.ask(ctx, link, origin)
		switch {
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case err != nil:
			j.warn("%s does not answer as it should yet: %s", "%s 尚未按预期响应：%s", link.URL, printable(err.Error()))
		case origin == "":
			j.did("=", "%s answers", "%s 可以访问", link.URL)
		default:
			j.did("=", "%s answers, and scripts of %s may read it", "%s 可以访问，%s 的脚本可以读取", link.URL, printable(origin))
		}
	}
	return nil
}

// ask makes one request for a picture.
func (j *job) ask(ctx context.Context, link Link, origin string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodHead, link.URL, nil)
	if err != nil {
		return err
	}
	switch origin {
	case "":
	case "*":
		req.Header.Set("Origin", "https://anybody.example")
	default: // a * in it stands for anything
		req.Header.Set("Origin", strings.Replace(origin, "*", "any", 1))
	}
	resp, err := j.account.public.Do(req)
	if err != nil {
		return err
	}
	resp.Body.Close()
	allowed := resp.Header.Get("Access-Control-Allow-Origin")
	switch {
	case resp.StatusCode != http.StatusOK:
		return errors.New(resp.Status)
	case resp.Header.Get("Content-Type") != link.Type:
		return fmt.Errorf("its type is %q", resp.Header.Get("Content-Type"))
	case origin != "" && allowed != "*" && allowed != req.Header.Get("Origin"):
		return fmt.Errorf("scripts of %s may not read it", origin)
	}
	return nil
}

// publicClient is for addresses that everybody may ask. It follows no redirect: a picture has none.
func publicClient() *http.Client {
	return &http.Client{
		Timeout:       30 * time.Second,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}
