import { playSeeds } from './play-seeds.fixture.ts';

playSeeds(101, 100);
