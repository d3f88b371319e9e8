//! Journeys: examples of every gate and every event, and what holds for all of them (invariants 5 and 8).

mod build;
mod life;
mod scene;
