mod innocent;
mod planted;
mod properties;
mod views;
