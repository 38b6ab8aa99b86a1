package r2test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"time"
)

// routeTemp finds temporary credentials.
func (cp *ControlPlane) routeTemp(c *apiCall, path string) handler {
	if c.http.Method != http.MethodPost || path != "accounts/"+cp.srv.opts.AccountID+"/r2/temp-access-credentials" {
		return nil
	}
	c.op = "TempCredentials"
	return cp.tempCredentials
}

// tempCredentials signs what the owner of the parent could have signed. Who asks must be that parent, or may do everything
// with R2; the documentation shows the former and reports have the latter.
// Source: "Create Temporary Access Credentials", developers.cloudflare.com/api (read 2026-11).
func (cp *ControlPlane) tempCredentials(c *apiCall) (any, *apiError) {
	var in struct {
		Bucket     string   `json:"bucket"`
		Parent     string   `json:"parentAccessKeyId"`
		Permission string   `json:"permission"`
		TTL        float64  `json:"ttlSeconds"`
		Objects    []string `json:"objects"`
		Prefixes   []string `json:"prefixes"`
	}
	if no := c.decode(&in); no != nil {
		return nil, no
	}
	bad := func(msg string) (any, *apiError) { return nil, apiRefuse(http.StatusBadRequest, 10040, msg) }
	denied := apiRefuse(http.StatusForbidden, 10003, "Access Denied")
	empty := func(list []string) bool { return slices.Contains(list, "") }
	switch {
	case in.TTL < 1 || in.TTL > 604800 || in.TTL != float64(int64(in.TTL)):
		return bad("ttlSeconds must be 1 to 604800.")
	case !slices.Contains([]string{"admin-read-write", "admin-read-only", "object-read-write", "object-read-only"}, in.Permission):
		return bad("permission is not valid.")
	case empty(in.Objects) || empty(in.Prefixes):
		return bad("objects and prefixes must not be empty.")
	case !cp.exists(in.Bucket, c.jurisdiction):
		return nil, apiRefuse(http.StatusNotFound, 10006, "The specified bucket does not exist.")
	case c.caller.id != in.Parent && !c.caller.grants().may(resource{scope: scopeAccount}, groupAdminWrite):
		return nil, denied
	}
	parent, ok := cp.srv.keyLocked(in.Parent)
	if !ok {
		return nil, apiRefuse(http.StatusBadRequest, 10040, "parentAccessKeyId is not valid.")
	}
	op := map[string]string{"object-read-write": "PutObject", "object-read-only": "GetObject"}[in.Permission]
	method := http.MethodPut
	if strings.HasPrefix(in.Permission, "admin-") {
		op = "BucketConfiguration"
		if in.Permission == "admin-read-only" {
			method = http.MethodGet
		}
	}
	if !parent.grants.s3(op, method, c.jurisdiction, in.Bucket) {
		return nil, denied
	}
	text, secret := signSession(parent, cp.srv.opts.AccountID, c.jurisdiction, token{
		Bucket: in.Bucket, Scope: in.Permission, Issued: cp.srv.opts.Now().Unix(), Expires: cp.srv.opts.Now().Add(time.Duration(in.TTL) * time.Second).Unix(),
	}, in.Prefixes, in.Objects)
	return map[string]string{"accessKeyId": parent.id, "secretAccessKey": secret, "sessionToken": text}, nil
}

// signSession makes the session token and the secret that belongs to it.
func signSession(parent accessKey, account, jurisdiction string, t token, prefixes, objects []string) (text, secret string) {
	host := account
	if jurisdiction != "" {
		host += "." + jurisdiction
	}
	t.Account, t.Parent, t.Audience = account, parent.id, host+hostSuffix
	if len(prefixes)+len(objects) > 0 {
		t.Paths = &tokenPaths{prefixes, objects}
	}
	body, err := json.Marshal(t)
	if err != nil {
		panic("r2test: strings and numbers do not marshal: " + err.Error())
	}
	b64 := base64.RawURLEncoding.EncodeToString
	jwt := b64([]byte(`{"alg":"HS256","typ":"JWT"}`)) + "." + b64(body)
	mac := hmac.New(sha256.New, []byte(parent.secret))
	mac.Write([]byte(jwt))
	jwt += "." + b64(mac.Sum(nil))
	sum := sha256.Sum256([]byte(jwt))
	return base64.StdEncoding.EncodeToString([]byte("jwt/" + jwt)), hex.EncodeToString(sum[:])
}
