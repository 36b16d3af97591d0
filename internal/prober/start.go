package prober

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// cleaning bounds how long taking away may last.
const cleaning = 20 * time.Second

// newPod creates the plan's pod and looks for tools there.
func (r *run) newPod(ctx context.Context) error {
	p := r.plan
	r.told("creating pod " + p.Namespace + "/" + p.Name())
	// What is begun is waited for: who stops it must know what is there.
	within, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleaning)
	defer cancel()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	r.out.Created = append(r.out.Created, p.Namespace+"/"+p.Name())
	if err := r.hand.Create(within, p.Namespace, p.Object); err != nil {
		var refused *Refusal
		if errors.As(err, &refused) && refused.Code != 0 {
			r.out.Created = nil // the server said no: there is nothing to take away
		}
		return err
	}
	if err := r.started(ctx, p.Namespace, p.Name()); err != nil {
		return err
	}
	return r.look(ctx, p.Namespace, p.Name(), []string{p.Name()}, p.Options.Image)
}

// ephemeral adds the plan's container and looks for tools there.
func (r *run) ephemeral(ctx context.Context) error {
	p := r.plan
	r.told("adding an ephemeral container to " + p.From)
	if err := r.hand.AddEphemeral(ctx, p.Namespace, p.Pod.Name, p.Container); err != nil {
		return err
	}
	if err := r.started(ctx, p.Namespace, p.Pod.Name); err != nil {
		return err
	}
	return r.look(ctx, p.Namespace, p.Pod.Name, []string{p.Name()}, p.Options.Image)
}

// hopeless are the reasons for which a container will not start by waiting.
var hopeless = []string{"ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull", "CreateContainerConfigError", "CreateContainerError", "RunContainerError"}

// started waits until the probe's container runs.
func (r *run) started(ctx context.Context, namespace, pod string) error {
	within, cancel := context.WithTimeout(ctx, r.plan.Options.Start)
	defer cancel()
	tick := time.NewTicker(r.plan.Options.Poll)
	defer tick.Stop()
	why := "nothing is known of it yet"
	for {
		p, err := r.hand.Pod(within, namespace, pod)
		if err != nil && within.Err() == nil {
			return err
		}
		s := p.state(r.plan.Name())
		switch {
		case err != nil:
		case s.Running:
			return nil
		case s.Ended:
			return fmt.Errorf("the container of image %s ended at once: %s (does the image have the command sleep?)", r.plan.Options.Image, s.Why)
		case has(s.Waiting, hopeless...):
			return fmt.Errorf("the container of image %s does not start: %s", r.plan.Options.Image, s.Why)
		case p.Phase == "Failed" || p.Deleting:
			return fmt.Errorf("the pod has ended: %s", p.Why)
		case s.Why+p.Why != "":
			why = s.Why + p.Why
		}
		select {
		case <-tick.C:
		case <-within.Done():
			if ctx.Err() != nil {
				return ctx.Err()
			}
			return fmt.Errorf("the container has not started in %s: %s", r.plan.Options.Start, why)
		}
	}
}

// clean takes away what was created, and only that: what bears the name but not this
// probe's id is left.
func (r *run) clean(ctx context.Context) {
	if len(r.out.Created) == 0 {
		return
	}
	within, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleaning)
	defer cancel()
	p := r.plan
	pod, err := r.hand.Pod(within, p.Namespace, p.Name())
	switch {
	case NotFound(err):
		return
	case err == nil && pod.Labels[ProbeLabel] != p.ID:
		return
	case err == nil:
		err = r.hand.Delete(within, p.Namespace, p.Name(), pod.UID)
	}
	if err != nil {
		r.out.Left = append(r.out.Left, p.Namespace+"/"+p.Name())
		r.out.Notes = append(r.out.Notes, left(p.Namespace, p.Name(), err))
	}
}
