package main

import "context"

func (d *demo) view(ctx context.Context) error { return d.story(ctx) }
