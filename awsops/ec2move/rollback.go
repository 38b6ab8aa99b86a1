package ec2move

import (
	"context"
	"iter"

	"github.com/kitroll/kitroll/awsops"
)

// Rollback takes back what a move has done, whether it is under way, has failed or is done, and leaves the source running as
// it was. The order: the source is started, if the move has stopped it; visitors are sent back to it (DNS with the old
// addresses and TTLs, CloudFront) and given the time that resolvers may hold the copy's address; the copy's Elastic IP address
// is disassociated and released; the copy is terminated; volumes, images, groups, prefix lists and the key pair of the move
// are removed. Nothing is removed that does not carry the tag [TagMove] of this move, and an address that was given
// ([AddressGiven]) is not released.
//
// It is a loop over [Client.Advance] with State.Undo, and like it safe to repeat: a second Rollback goes on where the first
// ended, with the state that Config.Save got last, an older one, or that of [Client.Find]. Since an older state may not know
// of the last call, and EC2's lists lag, an undo takes no less than five minutes where such a call is possible. The error comes
// last and once; breaking out stops after the step that was made.
//
// A source that is stopped but not by the move, or is no longer there, is an *[Error] before anything is taken back
// that its visitors need.
func (c *Client) Rollback(ctx context.Context, st State) iter.Seq2[awsops.Event, error] {
	return func(yield func(awsops.Event, error) bool) {
		back := st.clone()
		if !back.Undo {
			back.Undo, back.UndoAt = true, c.cfg.Clock.Now()
		}
		if err := c.save(ctx, st, back); err != nil { // that it is a rollback is kept before anything is undone
			yield(awsops.Event{}, err)
			return
		}
		c.follow(ctx, back, yield)
	}
}
