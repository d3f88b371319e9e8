//! Journeys: examples of every gate and every event, and what holds for all of them (invariants 5 and 8).

mod build;
mod declared;
mod control;
mod delivery;
mod events;
mod gates;
mod introduction;
mod life;
mod scene;
mod touches;
