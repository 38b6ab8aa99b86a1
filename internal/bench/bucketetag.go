package main

import (
	"crypto/md5" //nolint:gosec // an ETag is an MD5
	"encoding/hex"
	"encoding/xml"
	"fmt"
	"io"
	"strings"
)

func hexOf(sum []byte) string { return hex.EncodeToString(sum) }

// partETags is the parts that an upload is completed with.
func partETags(body io.Reader) (etags []string, err error) {
	var in struct {
		Part []struct {
			ETag string `xml:"ETag"`
		} `xml:"Part"`
	}
	if err := xml.NewDecoder(body).Decode(&in); err != nil {
		return nil, err
	}
	for _, p := range in.Part {
		etags = append(etags, strings.Trim(p.ETag, `"`))
	}
	return etags, nil
}

// joinedETag is that of an object in parts: the MD5 of the MD5s, and how many they are.
func joinedETag(etags []string) string {
	h := md5.New() //nolint:gosec // see above
	for _, e := range etags {
		sum, _ := hex.DecodeString(e)
		h.Write(sum)
	}
	return fmt.Sprintf("%x-%d", h.Sum(nil), len(etags))
}
