package r2admin

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"slices"

	"github.com/cloudflare/cloudflare-go/v7/cache"
)

// purgeChunk is how many URLs go into one call. What a plan allows is more or the same; thirty was the limit of the smallest
// one (unverified), and smaller calls are never wrong.
const purgeChunk = 30

var zoneID = regexp.MustCompile(`^[0-9A-Za-z_-]{1,64}$`)

// Purge removes URLs from the cache of a zone, which serves what was overwritten or deleted, and the 404 of what was not there
// yet, until it expires. zone is [DomainStatus.ZoneID]; the URLs are those of [r2.Client.PublicURL], in calls of 30. The API
// token needs Cache Purge for the zone. When a call fails, those before it have taken effect: purging again does no harm.
func (c *Client) Purge(ctx context.Context, zone string, urls []string) error {
	var problems []error
	if !zoneID.MatchString(zone) {
		problems = append(problems, fmt.Errorf("zone: %q is no ID of a zone", zone))
	}
	for i, raw := range urls {
		u, err := url.Parse(raw) // its text would repeat the URL
		if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" || u.User != nil || u.Fragment != "" {
			problems = append(problems, fmt.Errorf("urls[%d]: want https://host/path", i))
		}
	}
	if err := errors.Join(problems...); err != nil {
		return invalid("Purge", zone, err)
	}
	for files := range slices.Chunk(urls, purgeChunk) {
		var body cache.CachePurgeParamsBodyCachePurgeSingleFile
		set(&body.Files.Value, &body.Files.Present, files)
		p := cache.CachePurgeParams{Body: body}
		set(&p.ZoneID.Value, &p.ZoneID.Present, zone)
		_, err := do(ctx, c, "Purge", zone, harmless, func(ctx context.Context) (*cache.CachePurgeResponse, error) { return c.cache.Purge(ctx, p) })
		if err != nil {
			return err
		}
	}
	return nil
}
