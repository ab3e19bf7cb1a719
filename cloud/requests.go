package cloud

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"cardea/cloud/rooms"
	"cardea/home"
	"cardea/internal/platform/bus"
	"cardea/wire"
	"cardea/wire/pb"

	"google.golang.org/protobuf/proto"
)

// asked answers what gateways ask for by themselves: the desired state, a part of a bundle, a new certificate. Each worker
// takes some of the questions. The broker has made sure that a subject's gateway is the one that asked.
type asked struct {
	rooms *rooms.Rooms
	conn  *bus.Conn
	log   *slog.Logger
}

const (
	askedAtOnce = 32 // questions that are answered at the same time; more wait in the subscription's queue
	answerTime  = 10 * time.Second
)

// Run answers until ctx ends.
func (a *asked) Run(ctx context.Context) error {
	room := make(chan struct{}, askedAtOnce) // owner: this function; full means that the subscription waits
	stop, err := a.conn.Subscribe("r.*.*.*.*", "cloud", func(m bus.Msg) {
		select {
		case room <- struct{}{}:
		case <-ctx.Done():
			return
		}
		go func() { // ends within answerTime
			defer func() { <-room }()
			one, cancel := context.WithTimeout(ctx, answerTime)
			defer cancel()
			a.answer(one, m)
		}()
	})
	if err != nil {
		return fmt.Errorf("gateways' questions: %w", err)
	}
	<-ctx.Done()
	stop()
	for range askedAtOnce { // wait for those that are being answered
		room <- struct{}{}
	}
	return nil
}

func (a *asked) answer(ctx context.Context, m bus.Msg) {
	place, what, err := wire.ParseSubject(m.Subject)
	var reply proto.Message
	if err == nil {
		switch what {
		case "desired":
			reply, err = a.rooms.Desired.Desired(ctx, place)
		case "renew":
			reply, err = a.renew(ctx, place, m.Data)
		case "bundle":
			reply, err = a.bundle(ctx, m.Data)
		default:
			err = fmt.Errorf("%q cannot be asked for", what)
		}
	}
	if err != nil { // the gateway asks again; what went wrong here is not its business
		level := slog.LevelWarn
		if what != "desired" { // what a gateway asks wrongly fills no log
			level = slog.LevelDebug
		}
		a.log.Log(ctx, level, "a gateway's question", "subject", m.Subject, "err", err)
		return
	}
	b, err := proto.Marshal(reply)
	if err == nil {
		err = m.Respond(b)
	}
	if err != nil {
		a.log.Warn("answer a gateway", "subject", m.Subject, "err", err)
	}
}

func (a *asked) renew(ctx context.Context, place home.Place, data []byte) (*pb.RenewReply, error) {
	var q pb.RenewRequest
	if err := proto.Unmarshal(data, &q); err != nil {
		return nil, fmt.Errorf("renew: %w", err)
	}
	r, err := a.rooms.Accounts.Renew(ctx, place, q.GetCsr())
	if err != nil {
		a.log.Warn("a certificate is not renewed", "gateway", place.Gateway, "err", err)
		return &pb.RenewReply{Error: "This gateway gets no new certificate."}, nil
	}
	return r, nil
}

func (a *asked) bundle(ctx context.Context, data []byte) (*pb.BundleReply, error) {
	var q pb.BundleRequest
	if err := proto.Unmarshal(data, &q); err != nil {
		return nil, fmt.Errorf("bundle: %w", err)
	}
	b, size, err := a.rooms.Rollout.File(ctx, q.GetPath(), q.GetOffset(), wire.MaxChunk)
	if err != nil {
		a.log.Debug("a part of a bundle", "err", err)
		return &pb.BundleReply{Error: "The file cannot be read now."}, nil // a file that is not there is no error: its size is 0
	}
	return &pb.BundleReply{Data: b, Size: size}, nil
}
