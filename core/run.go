package core

import (
	"context"
	"fmt"
	"sync"
)

// run publishes the commands on a platform and takes what happens there. Of the
// processes that share a store, the one with the platform's lease writes the
// commands; where the platform wants one listener only, that one listens, and the
// others wait for the lease.
func (p *port) run(ctx context.Context) error {
	lease := "platform:" + p.caps.Platform
	mine, err := p.bot.replica.Take(ctx, lease)
	if err != nil {
		return nil //nolint:nilerr // ctx has ended
	}
	if err := p.publish(ctx, mine); err != nil {
		return err
	}
	if !p.adapter.Caps().Single {
		return p.runWithOthers(ctx, lease, mine)
	}
	p.waits.Store(!mine)
	return p.bot.replica.Hold(ctx, lease, func(ctx context.Context) error {
		p.waits.Store(false)
		defer p.waits.Store(true)
		if !mine {
			if err := p.publish(ctx, true); err != nil {
				return err
			}
		}
		mine = false
		return p.listen(ctx)
	})
}

// runWithOthers listens whoever has the lease, and writes the commands once it is
// this process's.
func (p *port) runWithOthers(ctx context.Context, lease string, mine bool) error {
	ctx, stop := context.WithCancel(ctx)
	var wg sync.WaitGroup
	defer wg.Wait()
	defer stop()
	wg.Go(func() {
		err := p.bot.replica.Hold(ctx, lease, func(ctx context.Context) error {
			if !mine {
				if err := p.publish(ctx, true); err != nil {
					return err
				}
			}
			mine = false
			<-ctx.Done()
			return nil
		})
		if err != nil && ctx.Err() == nil {
			p.bot.log.Error("commands cannot be published", "platform", p.caps.Platform, "error", err)
		}
	})
	return p.listen(ctx)
}

func (p *port) publish(ctx context.Context, write bool) error {
	if err := p.adapter.Publish(ctx, p.bot.Commands(), write); err != nil {
		return fmt.Errorf("publish commands on %s: %w", p.caps.Title, err)
	}
	return nil
}

func (p *port) listen(ctx context.Context) error {
	if err := p.adapter.Run(ctx, p.bot.lanes.take); err != nil {
		return fmt.Errorf("run %s: %w", p.caps.Title, err)
	}
	return nil
}
