package wechattest

import (
	"encoding/json"
	"slices"
	"strconv"

	"github.com/kitroll/kitroll/wechat"
)

// deleteMass deletes one article of a send, or all of them without an index.
func (s *Server) deleteMass(c *call) (any, *refusal) {
	var in struct {
		ID      wechat.MsgID `json:"msg_id"`
		Article int          `json:"article_idx"`
		URL     string       `json:"url"`
	}
	if no := c.decode(&in); no != nil {
		return nil, no
	}
	i, article := -1, in.Article
	if in.ID != "" { // it wins over the address
		i = slices.IndexFunc(s.st.Masses, func(j MassJob) bool { return strconv.FormatInt(j.ID, 10) == string(in.ID) })
	} else {
		for n, job := range s.st.Masses {
			if at := slices.IndexFunc(job.URLs, func(u string) bool { return sameAddress(u, in.URL) }); at >= 0 {
				i, article = n, at+1
			}
		}
	}
	switch {
	case i < 0, s.st.Masses[i].Status != wechat.MassSent:
		return nil, refuse(40059, "invalid msg id")
	case s.st.Masses[i].Type != "mpnews" && s.st.Masses[i].Type != "mpvideo":
		return nil, refuse(40008, "invalid message type")
	}
	job := &s.st.Masses[i]
	pieces := max(1, len(job.URLs))
	switch {
	case article < 0 || article > pieces:
		return nil, refuse(40060, "invalid article idx")
	case article == 0:
		job.Deleted = nil
		for n := range pieces {
			job.Deleted = append(job.Deleted, n+1)
		}
	case !slices.Contains(job.Deleted, article):
		job.Deleted = append(job.Deleted, article)
	}
	if len(job.Deleted) == pieces {
		job.Status = wechat.MassDeleted
	}
	s.dirty = true
	return success(), nil
}

// sameAddress compares without http against https.
func sameAddress(a, b string) bool {
	bare := func(u string) string {
		for _, scheme := range []string{"http://", "https://"} {
			if len(u) > len(scheme) && u[:len(scheme)] == scheme {
				return u[len(scheme):]
			}
		}
		return u
	}
	return bare(a) == bare(b)
}

func (s *Server) massSpeed(c *call) (any, *refusal) {
	if no := c.decode(&struct{}{}); no != nil {
		return nil, no
	}
	return struct {
		Speed int `json:"speed"`
		Real  int `json:"realspeed"`
	}{s.st.Speed, []int{80, 60, 45, 30, 10}[s.st.Speed]}, nil
}

func (s *Server) setMassSpeed(c *call) (any, *refusal) {
	var in struct {
		Speed json.RawMessage `json:"speed"`
	}
	if no := c.decode(&in); no != nil {
		return nil, no
	}
	if in.Speed == nil {
		return nil, refuse(45084, "mass send speed is missing")
	}
	speed, err := strconv.Atoi(string(in.Speed))
	if err != nil || speed < 0 || speed > 4 {
		return nil, refuse(45083, "mass send speed out of range")
	}
	s.st.Speed, s.dirty = speed, true
	return success(), nil
}
