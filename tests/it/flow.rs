//! The flows over ports in memory: what each answers, what it leaves behind, and what it never lets out.

mod access;
mod api;
mod brand;
mod click;
mod close;
mod contract;
mod control;
mod deliver;
mod events;
mod fixation;
mod glance;
mod hand_off;
mod inbox;
mod log;
mod mint;
mod outage;
mod pace;
mod people;
mod preferences;
mod prove;
mod receipts;
mod scene;
mod storm;
mod strangers;
