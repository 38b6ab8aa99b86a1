package llm

import "errors"

func (c *Client) responsesBody(r *Request, stream bool) ([]byte, error) {
	return nil, errors.New("not yet")
}
