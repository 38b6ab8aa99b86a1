package acmxtest

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"net"
	"strings"
	"time"

	"golang.org/x/net/dns/dnsmessage"

	"github.com/kitroll/kitroll/acmx"
)

// Solver puts records into the zone of the fake, which it asks when Options name no other. It keeps the rules of
// [acmx.Solver]: what is there with another target is not overwritten.
func (s *Server) Solver() acmx.Solver {
	return acmx.SolverFunc(func(_ context.Context, name, target string) error {
		s.mu.Lock()
		defer s.mu.Unlock()
		if have := s.state.Zone[name]; have != "" && have != target {
			return fmt.Errorf("%s is there with another target", name)
		}
		s.state.Zone[name] = target
		return s.save()
	})
}

// SetCNAME puts a record into the zone of the fake, or takes it out if target is empty.
func (s *Server) SetCNAME(name, target string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if target == "" {
		delete(s.state.Zone, name)
		return
	}
	s.state.Zone[name] = target
}

// Zone is what is in the zone of the fake.
func (s *Server) Zone() map[string]string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.state.Zone)
}

// ownZone is called with the lock held.
func (s *Server) ownZone(_ context.Context, name string) (string, error) {
	return s.state.Zone[name], nil
}

// asker asks a name server by UDP.
type asker struct{ server string }

func (a asker) lookup(ctx context.Context, name string) (string, error) {
	var raw [2]byte
	_, _ = rand.Read(raw[:])
	id := binary.BigEndian.Uint16(raw[:])
	qname, err := dnsmessage.NewName(name + ".")
	if err != nil {
		return "", err
	}
	query := dnsmessage.Message{
		Header:    dnsmessage.Header{ID: id, RecursionDesired: true},
		Questions: []dnsmessage.Question{{Name: qname, Type: dnsmessage.TypeCNAME, Class: dnsmessage.ClassINET}},
	}
	packet, err := query.Pack()
	if err != nil {
		return "", err
	}
	conn, err := new(net.Dialer).DialContext(ctx, "udp", a.server)
	if err != nil {
		return "", err
	}
	defer func() { _ = conn.Close() }()
	if err := conn.SetDeadline(time.Now().Add(2 * time.Second)); err != nil {
		return "", err
	}
	if _, err := conn.Write(packet); err != nil {
		return "", err
	}
	answer := make([]byte, 4096)
	n, err := conn.Read(answer)
	if err != nil {
		return "", err
	}
	var m dnsmessage.Message
	if err := m.Unpack(answer[:n]); err != nil {
		return "", err
	}
	if m.ID != id || !m.Response {
		return "", errors.New("the answer is to another question")
	}
	for _, r := range m.Answers {
		if c, ok := r.Body.(*dnsmessage.CNAMEResource); ok && strings.EqualFold(r.Header.Name.String(), qname.String()) {
			return c.CNAME.String(), nil
		}
	}
	return "", nil
}

// Record is the CNAME that the platform wants for a name, whoever asks.
func (s *Server) Record(name string) acmx.Record {
	record, target := s.recordOf(strings.ToLower(name))
	return acmx.Record{Name: strings.TrimSuffix(record, "."), Target: strings.TrimSuffix(target, ".")}
}

// SetInUse makes load balancers or distributions use a certificate; none frees it.
func (s *Server) SetInUse(arn string, by ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.state.Certificates[arn].InUseBy = by
}

// Seed is a certificate that was made elsewhere, before the test began.
type Seed struct {
	Names      []string
	Key        acmx.KeyAlgorithm // default RSA2048
	Exportable bool
	Email      bool // validated by e-mail
	Tags       map[string]string
	Status     acmx.Status   // default ISSUED
	Reason     string        // of FAILED
	Age        time.Duration // how long ago it was requested; ISSUED ones were issued then
}

// Add puts a certificate into the account, past all checks and without a charge, and returns its ARN.
func (s *Server) Add(seed Seed) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	at := s.opts.Now().Add(-seed.Age)
	c := &certificate{
		ARN: s.newARN(), Names: seed.Names, Key: string(cmp.Or(seed.Key, acmx.RSA2048)), Export: seed.Exportable, Type: "AMAZON_ISSUED", Method: "DNS",
		Tags: seed.Tags, CreatedAt: at, Status: cmp.Or(seed.Status, acmx.StatusIssued), Reason: seed.Reason, Proved: map[string]time.Time{},
	}
	if seed.Email {
		c.Method = "EMAIL"
	}
	if c.Status == acmx.StatusIssued {
		s.sign(c, at)
		c.IssuedAt = at
		for _, name := range c.Names {
			record, _ := s.recordOf(name)
			c.Proved[record] = at
		}
	}
	s.state.Certificates[c.ARN] = c
	return c.ARN
}

// Tags are the tags of a certificate.
func (s *Server) Tags(arn string) map[string]string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.state.Certificates[arn].Tags)
}

// Forget takes a certificate out of the account at once, as if somebody had deleted it.
func (s *Server) Forget(arn string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.state.Certificates, arn)
}
