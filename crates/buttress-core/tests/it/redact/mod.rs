mod innocent;
mod planted;
mod pointer;
mod properties;
mod views;
