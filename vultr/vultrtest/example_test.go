package vultrtest_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/kitroll/kitroll/vultr"
	"github.com/kitroll/kitroll/vultr/vultrtest"
)

func ExampleServer() {
	srv, err := vultrtest.Open(vultrtest.Options{Lag: time.Minute, ActiveAfter: 2 * time.Minute})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer srv.Close()
	c, err := vultr.New(srv.Config())
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx := context.Background()
	volume, err := c.Block().Create(ctx, vultr.BlockSpec{Region: "ewr", SizeGB: 10, Label: "x"}, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	_, err = c.Block().Get(ctx, volume.ID)
	fmt.Println("not to be seen yet:", errors.Is(err, fs.ErrNotExist))
	srv.Advance(time.Minute)
	volume, err = c.Block().Get(ctx, volume.ID)
	fmt.Println(volume.Status, err)
	srv.Advance(time.Minute)
	volume, err = c.Block().Get(ctx, volume.ID)
	fmt.Println(volume.Status, err)
	// Output:
	// not to be seen yet: true
	// pending <nil>
	// active <nil>
}
