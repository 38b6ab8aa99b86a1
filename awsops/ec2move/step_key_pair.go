package ec2move

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/kitroll/kitroll/awsops"
	"github.com/kitroll/kitroll/internal/awscall"
)

// stepKeyPair makes the public key of the source known in the new Region, under a name of the move, which Progress.ID keeps
// for the launch. Names of key pairs are unique in a Region: whatever became of a first call, a second finds the pair, and the
// key itself tells whether it is the one.
func stepKeyPair() step {
	return step{
		id:   StepKeyPair,
		skip: func(m *move) bool { return m.spec.To.KeyPair != "" || m.st.Source.PublicKey == "" },
		do:   importKeyPair,
		undo: deleteKeyPair,
	}
}

func importKeyPair(ctx context.Context, m *move) (turn, error) {
	name := m.spec.name(StepKeyPair, "", 0)
	pair, err := keyPair(ctx, m, m.dst, name)
	if err != nil {
		return turn{}, err
	}
	if pair != nil {
		if !sameKey(aws.ToString(pair.PublicKey), m.st.Source.PublicKey) {
			return turn{}, &Error{
				Resource: name, Err: awsops.ErrConflict, Reason: "a key pair of this name holds another key than the source's",
				Hint: "delete it in " + m.spec.To.Region + ", or name a pair in Target.KeyPair",
			}
		}
		m.set(func(p *Progress) { p.ID = name })
		return turn{done: true}, nil
	}
	_, err = mutate(ctx, m, "ImportKeyPair", name, awscall.Harmless, m.dst.importKeyPair, &ec2.ImportKeyPairInput{
		KeyName: &name, PublicKeyMaterial: []byte(m.st.Source.PublicKey), TagSpecifications: specify(m.tags("", nil), types.ResourceTypeKeyPair),
	})
	switch {
	case hasCode(err, "InvalidKeyPair.Duplicate"): // of a call that was cut off, and not in the lists yet
		return m.lagging(name, err)
	case err != nil:
		return turn{}, err
	}
	m.set(func(p *Progress) { p.ID, p.Phase = name, Begun })
	return turn{done: true}, nil
}

// deleteKeyPair removes the pair that the move made; the one of Target.KeyPair it never knew.
func deleteKeyPair(ctx context.Context, m *move) (turn, error) {
	if m.spec.To.KeyPair != "" {
		return turn{done: true}, nil
	}
	name := m.spec.name(StepKeyPair, "", 0)
	pair, err := keyPair(ctx, m, m.dst, name)
	switch {
	case err != nil:
		return turn{}, err
	case pair == nil:
		return m.allVanished([]string{name}), nil
	case !m.spec.ours(pair.Tags):
		return turn{done: true}, nil
	}
	_, err = mutate(ctx, m, "DeleteKeyPair", name, awscall.Harmless, m.dst.deleteKeyPair, &ec2.DeleteKeyPairInput{KeyPairId: pair.KeyPairId})
	switch {
	case errors.Is(err, awsops.ErrGone): // gone, or not heard of yet: the list will tell
		return turn{after: lookAgain}, nil
	case err != nil:
		return turn{}, err
	}
	m.keep(name, removed)
	return turn{after: time.Second}, nil
}

// sameKey compares keys in OpenSSH's form, "ssh-ed25519 AAAA… comment", without their comments: EC2 puts the pair's name there.
func sameKey(a, b string) bool {
	x, y := strings.Fields(a), strings.Fields(b)
	return len(x) >= 2 && len(y) >= 2 && x[0] == y[0] && x[1] == y[1]
}

// hasCode tells whether EC2 refused a call with one of these codes.
func hasCode(err error, codes ...string) bool {
	e, ok := errors.AsType[*Error](err)
	return ok && slices.Contains(codes, e.Code)
}
