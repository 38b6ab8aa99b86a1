package callback

import "errors"

// The kinds of failure, for errors.Is. Their texts hold neither the token, nor a key, nor what was pushed.
var (
	ErrSignature = errors.New("signature missing or wrong")                        // HTTP 403
	ErrMode      = errors.New("not in the mode of this handler")                   // plain where encrypted is asked for, or the other way round; HTTP 403
	ErrReplay    = errors.New("outside the time window, or a stamp that was used") // HTTP 403
	ErrDecrypt   = errors.New("cannot be decrypted")                               // wrong key, wrong AppID, or damaged; HTTP 403
	ErrTooLarge  = errors.New("body too large")                                    // HTTP 413
	ErrMalformed = errors.New("not a push of WeChat")                              // HTTP 400
	ErrReply     = errors.New("reply cannot be sent")                              // by the platform's limits; nothing is said in its place

	// ErrRetry is for handlers: an error that wraps it has the platform deliver the push again, and the handler run again.
	// The platform does so twice at most, and in the end tells the user of a message that the account is out of order.
	ErrRetry = errors.New("deliver it again")
)
